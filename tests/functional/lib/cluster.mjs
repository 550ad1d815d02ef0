// A cluster of real nodes on this machine: begun with `holdfast init` in a folder of its own, ports
// from the OS, everything gone when the test ends. On failure the ends of the logs are printed.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { holdfast, holdfast_ok } from "./binary.mjs";
import { NodeProcess } from "./node_process.mjs";
import { free_port_block } from "./ports.mjs";
import { until } from "./wait.mjs";

/**
 * How the nodes agree, and with bft who of them, unless a test asks for something else: the suite
 * runs with each engine and each policy.
 */
export const engine = process.env.HOLDFAST_ENGINE ?? "raft";
export const policy = process.env.HOLDFAST_POLICY || "poa";
export const is_bft = engine === "bft";
export const has_stakes = is_bft && policy !== "poa";
/** As few nodes as go on without one of them, and as go on without two. */
export const few = is_bft ? 4 : 3;
export const more = is_bft ? 7 : 5;
/** So many of `nodes` may be down. */
export const spare = (nodes) => Math.floor((nodes - 1) / (is_bft ? 3 : 2));
/** Its voice counts: it is a member and remembers what it promised. */
export const is_voter = async (node) =>
    ["follower", "leader", "validator"].includes((await node.status()).agreement.role);
export const voter_again = (node) =>
    until(`node ${node.id} to vote again`, () => is_voter(node), { within: 60_000 });

const ports_per_node = 10;
const wei = 10n ** 18n;

export class Cluster {
    /**
     * `alloc`: [address, whole ether] pairs beside the operators. `configure(node)` may change each
     * node's configuration before the start. Registered with the test `t`, which cleans up. Where
     * seats are by stake, absence costs nobody a seat: what tests do to nodes must not change who
     * takes part. `bft` has other fields of `holdfast.bft` in genesis.
     */
    static async create(t, options = {}) {
        const cluster = new Cluster();
        cluster.folder = options.folder ?? mkdtempSync(path.join(tmpdir(), "holdfast-"));
        cluster.clean_up_after(t);
        try {
            await cluster.begin(options);
        } catch (error) {
            // Nobody was given it who could end what was started.
            cluster.print_logs(t);
            await cluster.destroy();
            throw error;
        }
        return cluster;
    }
    async begin({
        nodes = few,
        chain_id = 7777,
        alloc = [],
        configure = () => {},
        start = true,
        init = [],
        bft = {},
    }) {
        this.home = path.join(this.folder, "ledger");
        this.chain_id = chain_id;
        const port_base = await free_port_block(nodes * ports_per_node);
        const options = [
            "--out",
            this.home,
            "--nodes",
            nodes,
            "--port-base",
            port_base,
            "--chain-id",
            chain_id,
            "--engine",
            engine,
            ...(is_bft ? ["--policy", policy] : []),
            ...init,
        ];
        for (const [address, ether] of alloc) options.push("--alloc", `${address}=${ether}`);
        await holdfast_ok(["init", ...options.map(String)]);
        this.genesis_file = path.join(this.home, "genesis.json");
        this.genesis = JSON.parse(readFileSync(this.genesis_file, "utf8"));
        if (has_stakes) Object.assign(this.genesis.holdfast.bft, { missedPerMille: 1_000, ...bft });
        this.nodes = Array.from(
            { length: nodes },
            (_, index) =>
                new NodeProcess({
                    id: index + 1,
                    folder: path.join(this.home, `node${index + 1}`),
                    port: port_base + index * ports_per_node,
                }),
        );
        if (has_stakes) await this.found_again();
        this.nodes.forEach(configure);
        if (start) await this.start();
    }
    /** After a change of genesis, and before anything was started. */
    async found_again() {
        writeFileSync(this.genesis_file, JSON.stringify(this.genesis, null, 2));
        await Promise.all(
            this.nodes.map((node) => {
                rmSync(node.data, { recursive: true });
                return holdfast_ok(["init", "--found", "--config", node.config]);
            }),
        );
    }
    constructor() {
        this.nodes = [];
        this.loads = []; // each adds itself
    }

    clean_up_after(t) {
        t?.after(async () => {
            if (!t.passed && t.passed !== undefined) this.print_logs(t);
            await this.destroy();
        });
    }
    print_logs(t) {
        for (const node of this.nodes)
            t?.diagnostic(`node ${node.id} (${node.log_file}):\n${node.log_tail()}`);
    }
    /** Also after a failure, in the middle of anything. */
    async destroy() {
        for (const load of this.loads) load.abandon();
        await Promise.allSettled(this.nodes.map((node) => node.kill()));
        for (const node of this.nodes) node.close();
        if (!process.env.HOLDFAST_KEEP) rmSync(this.folder, { recursive: true, force: true });
    }

    async start() {
        await Promise.all(this.nodes.map((node) => node.start()));
        await this.wait_leader();
    }
    async stop() {
        await Promise.all(this.nodes.map((node) => node.stop()));
    }
    node(id) {
        return this.nodes.find((node) => node.id === id);
    }
    get running() {
        return this.nodes.filter((node) => node.is_running);
    }
    /** A folder for a member to be, by `holdfast init --join`; neither proposed nor started yet. */
    async join(id, ...options) {
        const port = await free_port_block(ports_per_node);
        const folder = path.join(this.home, `node${id}`);
        const out = await holdfast_ok([
            "init",
            "--join",
            "--id",
            String(id),
            "--out",
            folder,
            "--genesis",
            this.genesis_file,
            "--port-base",
            String(port),
            ...options,
        ]);
        const node = new NodeProcess({ id, folder, port });
        this.nodes.push(node);
        return { node, out };
    }
    rejoin(node, ...options) {
        return holdfast(["init", "--rejoin", "--config", node.config, ...options]);
    }

    /**
     * The node that a majority of the running ones, itself among them, calls leader. With bft turns
     * go round: then it is one that most of them just named.
     */
    async find_leader() {
        const seen = await Promise.all(this.running.map((node) => node.status().catch(() => null)));
        if (is_bft) {
            const named = seen.map((status) => Number(status?.agreement?.leader));
            const often = (id) => named.filter((other) => other === id).length;
            const best = named.toSorted((a, b) => often(b) - often(a))[0];
            const node = this.node(best);
            return node?.is_running ? node : null;
        }
        for (const [index, status] of seen.entries()) {
            if (status?.agreement?.role !== "leader") continue;
            const id = this.running[index]?.id;
            const agreeing = seen.filter(
                (other) =>
                    Number(other?.agreement?.leader) === id &&
                    other.agreement.view === status.agreement.view,
            );
            if (2 * agreeing.length > seen.length) return this.node(id);
        }
        return null;
    }
    wait_leader(bound = 30_000) {
        return until("a leader", () => this.find_leader(), { within: bound });
    }
    async wait_new_leader(old, bound = 30_000) {
        return until(
            "another leader",
            async () => {
                const leader = await this.find_leader();
                return leader && leader !== old && leader;
            },
            { within: bound },
        );
    }

    /** Everybody whom genesis gives money to, and everybody that `also_watch` named. */
    all_accounts() {
        return new Set([
            ...Object.keys(this.genesis.alloc).map((address) =>
                (address.startsWith("0x") ? address : `0x${address}`).toLowerCase(),
            ),
            ...(this.watched ?? []).map((address) => address.toLowerCase()),
        ]);
    }
    also_watch(addresses) {
        this.watched = [...(this.watched ?? []), ...addresses];
    }
    /** Stakes of genesis are issued beside the balances. */
    genesis_total() {
        const { members, bft } = this.genesis.holdfast;
        const stake_per_weight = has_stakes ? BigInt(bft.stakePerWeight ?? wei) : 0n;
        return [
            ...Object.values(this.genesis.alloc).map((account) => BigInt(account.balance ?? 0)),
            ...members.map((member) => BigInt(member.weight ?? 1) * stake_per_weight),
        ].reduce((sum, amount) => sum + amount, 0n);
    }
}

export const ether = (count) => BigInt(count) * wei;
