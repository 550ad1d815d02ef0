// A load of signed transfers, and the record of what was acknowledged. Acknowledged means: a
// receipt was seen by us. Every such transfer must stay for ever, on every node: see check.mjs.
import { keccak256, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { RpcError } from "./rpc.mjs";
import { SocketRpc } from "./socket_rpc.mjs";
import { pause, until, within } from "./wait.mjs";

/** Well-known test keys; only a test's genesis funds them. */
export const sender = (index) =>
    privateKeyToAccount(keccak256(toHex(`functional test sender ${index}`)));
export const recipient = (index) =>
    `0x${(0xfeed0000n + BigInt(index)).toString(16).padStart(40, "0")}`;
const recipient_count = 16;
/** How long the fate of what was sent last may be unknown once all nodes are up. */
const in_flight_milliseconds_max = 90_000;
export const all_recipients = Array.from({ length: recipient_count }, (_, index) =>
    recipient(index),
);
/** What genesis must give the first `count` senders: pairs of address and whole ether. */
export const load_alloc = (count) =>
    Array.from({ length: count }, (_, index) => [sender(index).address, 1_000_000]);

export async function sign_transfer(account, chain_id, nonce, fields = {}) {
    return account.signTransaction({
        type: "eip1559",
        chainId: chain_id,
        nonce,
        gas: 21_000n,
        value: 1n,
        maxFeePerGas: 100_000_000_000n,
        maxPriorityFeePerGas: 1_000_000_000n,
        ...fields,
    });
}

export class Load {
    /**
     * `senders` accounts, each with one transfer in flight. `answers` is how receipts are waited
     * for: "sync" asks with eth_sendRawTransactionSync, "poll" sends and then asks again and again,
     * "mixed" does both by turns. `nodes()` lists the nodes that may be asked.
     */
    constructor({ cluster, senders = 32, first_sender = 0, answers = "mixed", nodes }) {
        this.cluster = cluster;
        cluster.loads.push(this);
        this.nodes = nodes ?? (() => cluster.nodes.filter((node) => node.is_running));
        this.answers = answers;
        this.accounts = Array.from({ length: senders }, (_, index) => sender(first_sender + index));
        this.acknowledged = []; // { hash, block_number, block_hash, value, to, sender, nonce }
        this.sent = 0;
        this.refusals = new Map(); // answer text -> how often
        this.sockets = new Map();
        this.running = false;
        this.abandoned = false;
        this.longest_silence = 0;
        this.last_acknowledged_at = 0;
    }

    start() {
        this.running = true;
        this.last_acknowledged_at = Date.now();
        const loops = this.accounts.map((account, index) => this.run_sender(account, index));
        this.loops = Promise.all(loops);
        // Seen by `stop`, or by nobody if the test has failed before.
        this.loops.catch(() => {});
        return this;
    }
    /** Stops sending; transfers in flight are waited for, so that their fate is known. */
    async stop() {
        this.running = false;
        await within(in_flight_milliseconds_max, "the transfers in flight", this.loops);
        await this.close();
    }
    /** The test is over: what is in flight stays without an answer. */
    abandon() {
        this.running = false;
        this.abandoned = true;
        return this.close();
    }
    async close() {
        const sockets = [...this.sockets.values()];
        this.sockets.clear();
        for (const socket of sockets) (await socket.catch(() => null))?.close();
    }
    /** Resolves when `count` more transfers are acknowledged. */
    async more(count, bound = 60_000) {
        const goal = this.acknowledged.length + count;
        await until(
            `${count} more acknowledged transfers (${this.describe()})`,
            () => this.acknowledged.length >= goal,
            { within: bound, every: 5 },
        );
    }
    describe() {
        const refusals = [...this.refusals].map(([text, count]) => `${count} x ${text}`).join("; ");
        const count = this.acknowledged.length;
        return `${count} acknowledged of ${this.sent}; refusals: ${refusals || "none"}`;
    }

    async run_sender(account, index) {
        let nonce = await this.first_nonce(account);
        const signed = (n) =>
            sign_transfer(account, this.cluster.chain_id, n, {
                to: recipient((index + n) % recipient_count),
                value: BigInt(1 + (n % 7)),
            });
        let next = signed(nonce);
        while (this.running) {
            const raw = await next;
            next = signed(nonce + 1); // ready before it is needed
            const transfer = {
                raw,
                hash: keccak256(raw),
                sender: account.address,
                nonce,
                to: recipient((index + nonce) % recipient_count),
                value: BigInt(1 + (nonce % 7)),
            };
            await this.carry_through(transfer, index + nonce);
            nonce++;
        }
        await next;
    }
    async first_nonce(account) {
        return until("a nonce", async () => {
            if (this.abandoned) return { nonce: 0 };
            const socket = await this.socket_to(this.some_node(0));
            return {
                nonce: Number(
                    await socket.call("eth_getTransactionCount", [account.address, "pending"]),
                ),
            };
        }).then((found) => found.nonce);
    }

    /** Sends and re-sends one transfer until its receipt is seen, whatever happens to the nodes. */
    async carry_through(transfer, turn) {
        this.sent++;
        for (let attempt = 0; !this.abandoned; attempt++) {
            try {
                const node = this.some_node(turn + attempt);
                const receipt = await this.ask(node, transfer, turn, attempt);
                if (receipt) return this.note(transfer, receipt, node);
            } catch (error) {
                this.note_refusal(error);
                await pause(Math.min(10 * 2 ** attempt, 200));
            }
        }
    }
    some_node(turn) {
        const nodes = this.nodes();
        if (nodes.length === 0) throw new Error("no node is up");
        return nodes[turn % nodes.length];
    }
    async ask(node, transfer, turn, attempt) {
        const socket = await this.socket_to(node);
        if (attempt > 0) {
            const receipt = await socket.call("eth_getTransactionReceipt", [transfer.hash], 2_000);
            if (receipt) return receipt;
        }
        const sync = this.answers === "sync" || (this.answers === "mixed" && turn % 2 === 0);
        if (sync) return socket.call("eth_sendRawTransactionSync", [transfer.raw, "0x7d0"], 4_000);
        try {
            await socket.call("eth_sendRawTransaction", [transfer.raw], 2_000);
        } catch (error) {
            if (!(error instanceof RpcError) || !error.names("already")) throw error;
        }
        for (const deadline = Date.now() + 2_000; Date.now() < deadline; await pause(15)) {
            const receipt = await socket.call("eth_getTransactionReceipt", [transfer.hash], 2_000);
            if (receipt) return receipt;
        }
        throw new Error("no receipt in 2 s");
    }
    note(transfer, receipt, node) {
        const now = Date.now();
        this.longest_silence = Math.max(this.longest_silence, now - this.last_acknowledged_at);
        this.last_acknowledged_at = now;
        this.acknowledged.push({
            ...transfer,
            block_number: Number(receipt.blockNumber),
            block_hash: receipt.blockHash,
            seen_at: node.id,
        });
        if (receipt.status !== "0x1" || receipt.transactionHash !== transfer.hash)
            throw new Error(
                `receipt of ${transfer.hash} is not its receipt: ${JSON.stringify(receipt)}`,
            );
    }
    note_refusal(error) {
        const text = error.message.slice(0, 160);
        this.refusals.set(text, (this.refusals.get(text) ?? 0) + 1);
    }

    /** One connection a node, shared by all senders, opened anew when it broke. */
    async socket_to(node) {
        const known = this.sockets.get(node.rpc_port);
        if (known) {
            const socket = await known;
            if (socket.is_open) return socket;
            if (this.sockets.get(node.rpc_port) === known) this.sockets.delete(node.rpc_port);
            return this.socket_to(node);
        }
        const opening = SocketRpc.open(node.rpc_port);
        this.sockets.set(node.rpc_port, opening);
        opening.catch(() => {
            if (this.sockets.get(node.rpc_port) === opening) this.sockets.delete(node.rpc_port);
        });
        return opening;
    }
}
