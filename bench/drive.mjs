// Runs the two systems by turns, so that what the machine does meanwhile meets both, and writes the
// medians to bench/results.md. Started by bench/run.
import { existsSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Etcd, Holdfast, measure_limits } from "./systems.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const quick = process.argv.includes("--quick");
const folder = process.env.BENCH_DIR ?? path.join(here, "data");
const repetitions = Number(process.env.BENCH_REPETITIONS ?? (quick ? 2 : 5));
const failovers = Number(process.env.BENCH_FAILOVERS ?? (quick ? 3 : 20));
const seconds = quick ? 2 : 5;
const in_flight = [1, 64, 1024];
const has_etcd = existsSync(path.join(here, "etcdload/etcdload.bin"));
const signed_before = { 1: 30_000, 64: 120_000, 1024: 160_000 };

const middle = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const whole = (number) => Math.round(number).toLocaleString("en-US");
const ms = (microseconds) => (microseconds / 1000).toFixed(2);

/** One start of a system, all cells measured on it, once. */
async function measure_once(system, cells) {
    await system.start(path.join(folder, system.name.toLowerCase()));
    try {
        for (const clients of in_flight) {
            const options = { clients, seconds, warm: 1, transfers_max: signed_before[clients] };
            for (const mode of system.name === "etcd" ? ["put", "transfer"] : ["transfer"]) {
                const figures = await system.load({ ...options, mode });
                const key = `${system.name} ${mode} ${clients}`;
                (cells[key] ??= []).push(figures);
                console.log(
                    key,
                    whole(figures.per_second),
                    "a second, p50",
                    ms(figures.p50_us),
                    "ms, p99",
                    ms(figures.p99_us),
                    "ms",
                    figures.last_refusal,
                );
            }
        }
    } finally {
        await system.stop();
    }
}

async function measure_failover(system, silences) {
    await system.start(path.join(folder, system.name.toLowerCase()));
    try {
        for (let turn = 0; turn < failovers; turn++) {
            const figures = await system.load({
                clients: 16,
                seconds: 6,
                warm: 0.5,
                to: "any",
                transfers_max: 80_000,
                kill_at: 1,
                timeout: 0.5,
            });
            silences.push(figures.longest_silence_ms);
            console.log(system.name, "failover", turn + 1, figures.longest_silence_ms, "ms");
        }
    } finally {
        await system.stop();
    }
}

function row(key, list) {
    const of = (name) => middle(list.map((figures) => figures[name]));
    const [name, mode, clients] = key.split(" ");
    const rates = list.map((figures) => figures.per_second);
    const cpu = middle(list.map((f) => (f.node_cpu_s / f.acknowledged) * 1e6));
    return (
        `| ${name} ${mode} | ${clients} | ${whole(of("per_second"))} ` +
        `(${whole(Math.min(...rates))} to ${whole(Math.max(...rates))}) | ${ms(of("p50_us"))} | ` +
        `${ms(of("p99_us"))} | ${ms(of("p999_us"))} | ${whole(cpu)} |`
    );
}

function counted_row(clients, list) {
    const each = (name) =>
        middle(list.map((f) => f.counted[name] / Math.max(f.counted.transactions_executed / 3, 1)));
    return (
        `| ${clients} | ${each("journal_syncs").toFixed(3)} | ` +
        `${each("signatures_recovered").toFixed(2)} | ${each("signatures_verified").toFixed(3)} |`
    );
}

function silence_row(name, silences) {
    const sorted = [...silences].sort((a, b) => a - b);
    return (
        `| ${name} | ${silences.length} | ${whole(sorted[0])} | ${whole(middle(sorted))} | ` +
        `${whole(sorted.at(-1))} |`
    );
}

function report(limits, cells, silences) {
    const rate = (key) => middle(cells[key]?.map((figures) => figures.per_second) ?? [0]);
    const of = (name) => middle(limits.map((one) => one[name]));
    const recoveries = of("recoveries_per_second");
    const syncs = of("syncs_per_second");
    const cores = limits[0].cores;
    const limit = (recoveries * cores) / 3;
    const best = Math.max(...in_flight.map((clients) => rate(`Holdfast transfer ${clients}`)));
    const ratios = in_flight.map((clients) => {
        const ours = rate(`Holdfast transfer ${clients}`);
        const put = rate(`etcd put ${clients}`);
        const transfer = rate(`etcd transfer ${clients}`);
        return `| ${clients} | ${(ours / put).toFixed(2)} | ${(ours / transfer).toFixed(2)} |`;
    });
    const counted = in_flight.map((clients) =>
        counted_row(clients, cells[`Holdfast transfer ${clients}`]),
    );
    const share = `${whole(best)}: ${Math.round((100 * best) / limit)} %`;
    return `# Measured by bench/run

${cpus()[0].model}, ${cores} cores, ${whole(totalmem() / 2 ** 30)} GiB, Node ${process.version};
three nodes and the client share these cores. ${repetitions} repetitions by turns, medians (least to
most), ${seconds} s each after 1 s of warming; load average at the end ${loadavg()[0].toFixed(1)}.

A Holdfast transfer is a signed transaction, acknowledged by its receipt; an etcd put stores 110
bytes; an etcd transfer is one transaction with a comparison and two puts. All are on disk on a
majority, synced, before they are acknowledged. Clients talk to the leader.

| what | in flight | a second | p50 ms | p99 ms | p99.9 ms | node processor us each |
|---|---|---|---|---|---|---|
${Object.entries(cells)
    .map(([key, list]) => row(key, list))
    .join("\n")}

| in flight | Holdfast / etcd put | Holdfast / etcd transfer |
|---|---|---|
${ratios.join("\n")}

## What a transfer costs, all three nodes together

| in flight | journal syncs | signatures recovered | node signatures checked |
|---|---|---|---|
${counted.join("\n")}

## The limit of this machine, measured between the runs

| what | a second |
|---|---|
| 4 KiB appended and synced, one writer | ${whole(syncs)} |
| the same, three writers together | ${whole(of("syncs_per_second_of_3"))} |
| secp256k1 recoveries, one core | ${whole(recoveries)} |
| Ed25519 checks, one core | ${whole(of("ed25519_verifies_per_second"))} |
| transfers, if the three nodes did nothing but recover each sender once | ${whole(limit)} |
| transfers measured, best, and its share of that | ${share} |

## Failover: longest silence of 16 clients after kill -9 of the leader, ms

| system, at its defaults | times | least | median | worst |
|---|---|---|---|---|
${Object.entries(silences)
    .map(([name, list]) => silence_row(name, list))
    .join("\n")}
`;
}

const cells = {};
const silences = {};
const limits = [];
const systems = () => [new Holdfast(), ...(has_etcd ? [new Etcd()] : [])];
for (let turn = 0; turn < repetitions; turn++) {
    for (const system of systems()) await measure_once(system, cells);
    limits.push(await measure_limits(folder));
}
for (const system of systems()) await measure_failover(system, (silences[system.name] = []));
const file = path.join(here, "results.md");
writeFileSync(file, report(limits, cells, silences));
console.log(file);
