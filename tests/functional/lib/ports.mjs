// Free ports. They are taken below the range that the kernel draws outgoing ports from: otherwise a
// killed node could find its own port lent to somebody's outgoing connection when it comes back.
import { createServer } from "node:net";

const lowest = 15_000;
const highest = 31_000;
const given = new Set();

function is_free(port) {
    return new Promise((resolve) => {
        const server = createServer();
        server.once("error", () => resolve(false));
        server.listen({ port, host: "127.0.0.1", exclusive: true }, () =>
            server.close(() => resolve(true)),
        );
    });
}

export async function free_port() {
    for (let attempt = 0; attempt < 200; attempt++) {
        const port = lowest + Math.floor(Math.random() * (highest - lowest));
        if (given.has(port)) continue;
        given.add(port);
        if (await is_free(port)) return port;
    }
    throw new Error("no free port found");
}

/** The first of `count` free ports in a row. */
export async function free_port_block(count) {
    for (let attempt = 0; attempt < 200; attempt++) {
        const first = lowest + Math.floor(Math.random() * (highest - lowest - count));
        const block = Array.from({ length: count }, (_, index) => first + index);
        if (block.some((port) => given.has(port))) continue;
        if (!(await Promise.all(block.map(is_free))).every(Boolean)) continue;
        for (const port of block) given.add(port);
        return first;
    }
    throw new Error("no free block of ports found");
}
