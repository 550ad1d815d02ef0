// The two systems under measurement: three nodes each on loopback, begun anew, with what their
// users get by default. Each gives load(options): the load program's figures, after a kill -9 of
// the leader if asked for.
import { execFile, spawn } from "node:child_process";
import { mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Cluster } from "../tests/functional/lib/cluster.mjs";
import { http_exchange } from "../tests/functional/lib/rpc.mjs";
import { free_port_block } from "../tests/functional/lib/ports.mjs";
import { until } from "../tests/functional/lib/wait.mjs";

const tools = process.env.BENCH_TOOLS;
const etcdload = fileURLToPath(new URL("etcdload/etcdload.bin", import.meta.url));
const senders = 1024;
const ticks_per_second = 100;

function run(command, args, within = 300_000) {
    return new Promise((resolve, reject) =>
        execFile(command, args, { timeout: within, maxBuffer: 1 << 26 }, (error, out, said) =>
            error ? reject(new Error(`${command}: ${error.message}${said}`)) : resolve(out),
        ),
    );
}
export const measure_limits = async (folder) =>
    JSON.parse(await run(path.join(tools, "holdfast_limits"), [folder]));

/** Processor seconds that a process has used. */
function cpu_of(pid) {
    try {
        const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
        return (Number(fields[11]) + Number(fields[12])) / ticks_per_second;
    } catch {
        return 0;
    }
}
/** Runs `load` and adds the cores that the nodes used meanwhile. */
async function with_cpu(pids, load) {
    const before = pids.map(cpu_of);
    const from = Date.now();
    const figures = JSON.parse(await load());
    const used = pids.reduce(
        (sum, pid, index) => sum + Math.max(cpu_of(pid) - before[index], 0),
        0,
    );
    return { ...figures, node_cpu_s: used, wall_s: (Date.now() - from) / 1000 };
}

export class Holdfast {
    name = "Holdfast";
    async start(folder) {
        rmSync(folder, { recursive: true, force: true });
        mkdirSync(folder, { recursive: true });
        const list = await run(path.join(tools, "holdfast_load"), ["accounts", "--count", senders]);
        const alloc = list
            .trim()
            .split("\n")
            .map((address) => [address, 1_000_000_000_000]);
        this.cluster = await Cluster.create(null, { nodes: 3, alloc, folder });
    }
    async counters() {
        const names = [
            "transactions_executed",
            "journal_syncs",
            "journal_records",
            "signatures_recovered",
            "signatures_verified",
            "attestations_made",
        ];
        const all = await Promise.all(this.cluster.nodes.map((node) => node.metrics()));
        const sum = (name) =>
            all.reduce((total, one) => total + one.get(`holdfast_${name}_total`), 0);
        return Object.fromEntries(names.map((name) => [name, sum(name)]));
    }
    /** `to`: "leader" or "any". */
    async load({ clients, seconds, warm, to = "leader", transfers_max, kill_at, timeout }) {
        const leader = await this.cluster.wait_leader();
        const others = this.cluster.nodes.filter((node) => node !== leader);
        const nodes = to === "leader" ? [leader] : [leader, ...others];
        const args = [
            "run",
            "--chain-id",
            this.cluster.chain_id,
            "--clients",
            clients,
            "--seconds",
            seconds,
            "--warm",
            warm,
            "--transfers-max",
            transfers_max,
        ];
        for (const node of nodes) args.push("--endpoint", `127.0.0.1:${node.rpc_port}`);
        if (timeout) args.push("--timeout", timeout);
        if (kill_at) args.push("--kill-at", kill_at, "--kill-pid", leader.pid);
        const before = kill_at ? null : await this.counters();
        const pids = this.cluster.nodes.map((node) => node.pid);
        const figures = await with_cpu(pids, () =>
            run(path.join(tools, "holdfast_load"), args.map(String)),
        );
        if (kill_at) {
            await leader.exit;
            await leader.start();
            await this.cluster.wait_leader();
            return figures;
        }
        const after = await this.counters();
        const counted = Object.fromEntries(
            Object.keys(after).map((name) => [name, after[name] - before[name]]),
        );
        return { ...figures, counted };
    }
    stop() {
        return this.cluster?.destroy();
    }
}

export class Etcd {
    name = "etcd";
    async start(folder) {
        rmSync(folder, { recursive: true, force: true });
        mkdirSync(folder, { recursive: true });
        this.folder = folder;
        this.port = await free_port_block(6);
        this.processes = [];
        for (let index = 0; index < 3; index++) this.spawn(index, "new");
        await this.leader();
    }
    url = (port) => `http://127.0.0.1:${port}`;
    spawn(index, state) {
        const members = [0, 1, 2].map((each) => `n${each}=${this.url(this.port + 3 + each)}`);
        const log = openSync(path.join(this.folder, `n${index}.log`), "a");
        const client = this.url(this.port + index);
        const peer = this.url(this.port + 3 + index);
        this.processes[index] = spawn(
            "etcd",
            [
                "--name",
                `n${index}`,
                "--data-dir",
                path.join(this.folder, `n${index}`),
                "--listen-client-urls",
                client,
                "--advertise-client-urls",
                client,
                "--listen-peer-urls",
                peer,
                "--initial-advertise-peer-urls",
                peer,
                "--initial-cluster",
                members.join(","),
                "--initial-cluster-state",
                state,
                "--logger",
                "zap",
                "--log-level",
                "error",
            ],
            { stdio: ["ignore", log, log] },
        );
    }
    leader() {
        return until("a leader of etcd", async () => {
            for (let index = 0; index < 3; index++) {
                const answer = await http_exchange(this.port + index, {
                    path: "/v3/maintenance/status",
                    body: "{}",
                    timeout: 1_000,
                }).catch(() => null);
                const status = answer && JSON.parse(answer.body);
                if (status?.leader && status.leader === status.header.member_id) return { index };
            }
            return null;
        });
    }
    async load({ clients, seconds, warm, to = "leader", mode = "put", kill_at, timeout }) {
        const { index } = await this.leader();
        const ports = to === "leader" ? [index] : [index, (index + 1) % 3, (index + 2) % 3];
        const args = [
            "-endpoints",
            ports.map((each) => `127.0.0.1:${this.port + each}`).join(","),
            "-mode",
            mode,
            "-clients",
            clients,
            "-seconds",
            seconds,
            "-warm",
            warm,
        ];
        if (timeout) args.push("-timeout", `${timeout}s`);
        if (kill_at) args.push("-kill-at", kill_at, "-kill-pid", this.processes[index].pid);
        const pids = this.processes.map((each) => each.pid);
        const figures = await with_cpu(pids, () => run(etcdload, args.map(String)));
        if (kill_at) {
            this.spawn(index, "existing");
            await until("etcd to be whole", async () => {
                const answer = await http_exchange(this.port + index, {
                    path: "/v3/maintenance/status",
                    body: "{}",
                    timeout: 1_000,
                }).catch(() => null);
                return answer?.status === 200 && Number(JSON.parse(answer.body).leader ?? 0) !== 0;
            });
        }
        return figures;
    }
    async stop() {
        await Promise.all(
            (this.processes ?? []).map(
                (each) =>
                    new Promise((resolve) => {
                        if (each.exitCode !== null || each.signalCode !== null) return resolve();
                        each.once("exit", resolve);
                        each.kill("SIGKILL");
                    }),
            ),
        );
    }
}
