// Proofs of real nodes, checked offline by a program that is given nothing but the hash of the
// genesis: across changes of members, across epochs, with any byte of the file changed.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { keccak256, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { holdfast, holdfast_ok } from "./lib/binary.mjs";
import { Cluster, engine, ether, few } from "./lib/cluster.mjs";
import { sign_transfer } from "./lib/load.mjs";
import { until } from "./lib/wait.mjs";

const account = privateKeyToAccount(keccak256(toHex("proof user")));
const friend = "0x00000000000000000000000000000000feed0001";
const nobody = "0x00000000000000000000000000000000dead0001";
const validators = "0x000000000000000000000000486f6c6400000001";
const epoch_blocks = 6;
const flips = 120;

describe("proofs", () => {
    let cluster, genesis, folder, nonce = 0;
    const transfers = [];
    const file = (name) => path.join(folder, name);
    const rpc = (id = 1) => `127.0.0.1:${cluster.node(id).rpc_port}`;

    /** Writes a proof of `what` by `from`, and checks it offline. */
    async function prove(name, what, from = ["--rpc", rpc()]) {
        await holdfast_ok(["proof", ...what, ...from, "--out", file(name)].map(String));
        return check(name);
    }
    async function check(name, hash = genesis) {
        const args = ["verify-proof", file(name), "--genesis", hash, "--json"];
        return JSON.parse(await holdfast_ok(args));
    }
    async function refused(name, hash = genesis) {
        const result = await holdfast(["verify-proof", file(name), "--genesis", hash]);
        assert.equal(result.code, 1, result.out + result.error_out);
        assert.match(result.error_out, /^NOT PROVEN: [^\n]+\n$/);
        assert.equal(result.out, "");
        return result.error_out;
    }
    async function transfer() {
        const raw = await sign_transfer(account, cluster.chain_id, nonce++, {
            to: friend,
            value: ether(1),
        });
        const receipt = await cluster.node(1).rpc.call("eth_sendRawTransactionSync", [raw]);
        transfers.push(receipt);
        return receipt;
    }
    const members = async () => cluster.node(1).rpc.call("holdfast_members", ["latest"]);
    /** As many operators as there need to be say the same, and it takes effect. */
    async function change_members(args, is_done) {
        for (const node of cluster.running) {
            const key = path.join(node.folder, "keys/operator.key");
            const more = ["--key", key, "--rpc", rpc(node.id)];
            const result = await holdfast(["member", ...args, ...more]);
            // Whoever comes after the last one needed finds nothing left to approve.
            if (result.code !== 0) assert.match(result.error_out, /revert/);
        }
        await until("the members to change", async () => is_done((await members()).members), {
            within: 60_000,
        });
    }

    after(() => cluster?.destroy());
    before(async () => {
        cluster = await Cluster.create(null, {
            alloc: [[account.address, 1_000]],
            init: engine === "bft" ? ["--epoch-blocks", String(epoch_blocks)] : [],
        });
        folder = cluster.folder;
        genesis = (await holdfast_ok(["genesis", "hash", cluster.genesis_file])).trim();
        await transfer();
        // One who never comes is added, and goes again: what counts is who may sign.
        const { out } = await cluster.join(few + 1);
        const options = out
            .match(/holdfast member add([\s\S]*?)--key/)[1]
            .replaceAll("\\\n", " ")
            .trim()
            .split(/\s+/);
        await change_members(["add", ...options], (list) => list.length === few + 1);
        await transfer();
        await change_members(["remove", "--id", String(few + 1)], (list) => list.length === few);
        await transfer();
        // Further epochs in which nothing changes leave nothing to prove.
        const upto = (await cluster.node(1).height()) + 2 * epoch_blocks;
        await until("two more epochs", async () => (await cluster.node(1).height()) >= upto, {
            within: 120_000,
        });
        const last = Number((await transfer()).blockNumber);
        await until("the last transfer to be certified where proofs come from", async () => {
            const asked = await Promise.all([1, 2].map((id) => cluster.node(id).status()));
            return asked.every((status) => Number(status.certified) >= last);
        });
    });

    it("of an account, by each node", async (t) => {
        for (const id of [1, 2]) {
            const from = ["--rpc", rpc(id)];
            const proven = await prove(`account${id}`, ["account", friend], from);
            assert.equal(proven.balance, `${ether(transfers.length)} wei`);
            assert.equal(proven.nonce, "0");
            assert.match(proven.members, /^changed 2 times since genesis/);
            assert.match(proven.engine, new RegExp(`^${engine}: holds if`));
            t.diagnostic(`${engine}: ${readFileSync(file(`account${id}`)).length} bytes, ` +
                         `checked in ${proven.milliseconds.toFixed(2)} ms`);
        }
    });

    it("of an account after each of the transfers", async () => {
        for (const [index, receipt] of transfers.entries()) {
            const what = ["account", account.address, "--block", Number(receipt.blockNumber)];
            const proven = await prove("then", what);
            assert.equal(proven.height, Number(receipt.blockNumber));
            assert.equal(proven.nonce, String(index + 1));
        }
    });

    it("that there is no account", async () => {
        assert.match((await prove("nobody", ["account", nobody])).exists, /^no/);
    });

    it("of slots of the validators contract, and of one that is empty", async () => {
        const values = [];
        for (const slot of [0, 1, 2, "0xffffffff"]) {
            const proven = await prove("slot", ["slot", validators, slot]);
            const words = [validators, toHex(BigInt(slot), { size: 32 }), toHex(proven.height)];
            const value = await cluster.node(1).rpc.call("eth_getStorageAt", words);
            assert.equal(proven.value, value);
            values.push(BigInt(value));
        }
        assert.ok(values.some((value) => value !== 0n));
        assert.equal(values.at(-1), 0n);
    });

    it("of a receipt before, between and after the changes of members", async (t) => {
        const times = [];
        for (const [index, receipt] of transfers.entries()) {
            const what = ["receipt", receipt.transactionHash];
            const proven = await prove(`receipt${index}`, what);
            assert.equal(proven.status, "succeeded");
            assert.equal(proven.transaction, receipt.transactionHash);
            assert.equal(proven.from, account.address.toLowerCase());
            assert.equal(proven.to, friend);
            assert.equal(proven.value, `${ether(1)} wei`);
            assert.equal(proven.height, Number(receipt.blockNumber));
            times.push(proven.milliseconds.toFixed(2));
        }
        assert.equal((await check("receipt0")).members, "those of genesis");
        t.diagnostic(`${engine}: receipts checked in ${times.join(", ")} ms`);
    });

    it("of logs", async () => {
        // The last approval of the first change said who was added.
        const filter = { address: validators, fromBlock: "0x0", toBlock: "latest" };
        const [log] = (await cluster.node(1).rpc.call("eth_getLogs", [filter])).slice(-1);
        const proven = await prove("logs", ["receipt", log.transactionHash]);
        assert.ok(proven.log.some((text) => text.includes(log.topics[0])), proven.log.join());
    });

    it("of another ledger is refused", async () => {
        const other = `0x${"7".repeat(64)}`;
        assert.match(await refused("account1", other), /proof\.other_genesis/);
    });

    it("with any byte changed is refused", async () => {
        const good = readFileSync(file("receipt3"));
        for (let flip = 0; flip < flips; flip++) {
            const bad = Buffer.from(good);
            bad[Math.floor((flip * good.length) / flips)] ^= 1 << flip % 7;
            writeFileSync(file("bad"), bad);
            await refused("bad");
        }
        for (const size of [0, 1, good.length >> 1, good.length - 1]) {
            writeFileSync(file("bad"), good.subarray(0, size));
            await refused("bad");
        }
        writeFileSync(file("bad"), Buffer.concat([good, Buffer.from("\n")]));
        await refused("bad");
    });

    it("with a change of members left out, or too few signatures, is refused", async () => {
        const good = JSON.parse(readFileSync(file("receipt3")));
        assert.equal(good.history.length, 2);
        // Not in the strict form: it is the text that is changed.
        const text = readFileSync(file("receipt3"), "utf8");
        const first = text.indexOf('\n{"header"');
        const second = text.indexOf('\n{"header"', first + 1);
        writeFileSync(file("bad"), text.slice(0, first) + text.slice(second));
        assert.match(await refused("bad"), /change 1 of the members/);
        const at = text.indexOf('"signatures"', text.indexOf('"block"'));
        const [, opening, one] = /^("signatures": \{)(\n.*?,)\n/.exec(text.slice(at));
        const rest = text.slice(at + opening.length + one.length);
        writeFileSync(file("bad"), text.slice(0, at) + opening + rest);
        const signatures = Object.keys(good.block.signatures).length;
        const needed = engine === "bft" ? Math.floor((2 * few) / 3) + 1 : Math.floor(few / 2) + 1;
        if (signatures === needed) assert.match(await refused("bad"), /certificate\.no_quorum/);
    });

    it("of what there is not says so", async () => {
        const hash = `0x${"5".repeat(64)}`;
        const unknown = await holdfast(["proof", "receipt", hash, "--rpc", rpc()]);
        assert.equal(unknown.code, 1);
        assert.match(unknown.error_out, /ledger\.unknown_transaction/);
        const future = ["proof", "account", friend, "--block", "99999999", "--rpc", rpc()];
        assert.notEqual((await holdfast(future)).code, 0);
        assert.equal((await holdfast(["proof", "account", "0x12"])).code, 64);
        assert.equal((await holdfast(["verify-proof", "x", "--genesis", "0x12"])).code, 64);
        const missing = ["verify-proof", file("none"), "--genesis", genesis];
        assert.notEqual((await holdfast(missing)).code, 0);
    });

    it("can be had from the data of a stopped node", async () => {
        const config = cluster.node(2).config;
        await cluster.stop();
        const from = ["--config", config];
        const proven = await prove("stopped", ["account", friend], from);
        assert.equal(proven.balance, `${ether(transfers.length)} wei`);
        await prove("stopped", ["receipt", transfers[1].transactionHash], from);
        // And what was written while all ran holds without any of them.
        await check("account1");
    });
});
