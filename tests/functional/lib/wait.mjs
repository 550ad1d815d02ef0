// Waiting for something to become true, with a bound and a name. Tests never sleep for a guess:
// they wait for what they need, generously, and say what was missing if it never came.

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Polls `condition` until it gives something truthy, and returns that. A throw counts as "not yet".
 */
export async function until(what, condition, { within = 30_000, every = 20 } = {}) {
    const deadline = Date.now() + within;
    let last;
    for (;;) {
        try {
            last = await condition();
            if (last) return last;
        } catch (error) {
            last = error;
        }
        if (Date.now() >= deadline) {
            const seen = last instanceof Error ? last.message : JSON.stringify(last);
            throw new Error(`waited ${within} ms in vain for ${what}; last seen: ${seen}`);
        }
        await pause(every);
    }
}

/** The promise's value, or an error that names what took too long. */
export function within(milliseconds, what, promise) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(
            () => reject(new Error(`${what} took over ${milliseconds} ms`)),
            milliseconds,
        );
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A small seeded generator (mulberry32), so that a failed run can be repeated. */
export function seeded(seed) {
    let state = seed >>> 0;
    const next = () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let word = state;
        word = Math.imul(word ^ (word >>> 15), word | 1);
        word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
        return ((word ^ (word >>> 14)) >>> 0) / 4294967296;
    };
    return {
        seed,
        real: next,
        below: (limit) => Math.floor(next() * limit),
        pick: (items) => items[Math.floor(next() * items.length)],
    };
}

/** HOLDFAST_SEED repeats a run; without it each run draws its own, and prints it. */
export function seed_of_run(t) {
    const seed = Number(process.env.HOLDFAST_SEED ?? Math.floor(Math.random() * 2 ** 31));
    t.diagnostic(`HOLDFAST_SEED=${seed}`);
    return seeded(seed);
}
