// What must be true of a cluster after anything: nothing acknowledged is lost, all nodes hold the
// same blocks, no money appeared or went, and each node's store passes `holdfast verify`.
import assert from "node:assert/strict";
import { decodeFunctionResult, encodeFunctionData } from "viem";
import { has_stakes } from "./cluster.mjs";
import { staking_abi, staking_address } from "./contracts.mjs";
import { until } from "./wait.mjs";

const hex = (number) => `0x${number.toString(16)}`;

/** All nodes have executed block `height`; the height that all of them have is returned. */
export async function wait_for_height(nodes, height, within = 60_000) {
    let heads;
    await until(
        `block ${height} on nodes ${nodes.map((node) => node.id)}`,
        async () => {
            heads = await Promise.all(nodes.map((node) => node.height()));
            return Math.min(...heads) >= height || null;
        },
        { within, every: 50 },
    ).catch((error) => {
        throw new Error(`${error.message}; heads: ${heads}`);
    });
    return Math.min(...heads);
}

/** Blocks `from` to `upto` of one node, without transaction bodies. */
async function read_blocks(node, from, upto) {
    const heights = Array.from({ length: upto - from + 1 }, (_, index) => [
        hex(from + index),
        false,
    ]);
    return node.rpc.batch("eth_getBlockByNumber", heights);
}

export async function check_same_blocks(nodes, from, upto) {
    const chains = await Promise.all(nodes.map((node) => read_blocks(node, from, upto)));
    for (let index = 0; index < chains[0].length; index++) {
        for (let which = 0; which < nodes.length; which++) {
            const block = chains[which][index];
            assert.ok(block, `node ${nodes[which].id} has no block ${from + index}`);
            assert.equal(
                block.hash,
                chains[0][index].hash,
                `nodes ${nodes[0].id} and ${nodes[which].id} differ at block ${from + index}`,
            );
            if (index > 0) assert.equal(block.parentHash, chains[which][index - 1].hash);
        }
    }
    return chains[0];
}

/** Every acknowledged transfer has the receipt that we saw, on every node. */
export async function check_acknowledged(nodes, acknowledged) {
    const by_hash = new Map();
    for (const transfer of acknowledged) {
        assert.ok(!by_hash.has(transfer.hash), "the load acknowledged a transfer twice");
        by_hash.set(transfer.hash, transfer);
    }
    const hashes = [...by_hash.keys()].map((hash) => [hash]);
    await Promise.all(
        nodes.map(async (node) => {
            const receipts = await node.rpc.batch("eth_getTransactionReceipt", hashes);
            receipts.forEach((receipt, index) => {
                const transfer = by_hash.get(hashes[index][0]);
                const what =
                    `node ${node.id}, transfer ${transfer.hash} seen at node ${transfer.seen_at}` +
                    ` in block ${transfer.block_number}`;
                assert.ok(receipt, `LOST: ${what}`);
                assert.equal(receipt.blockHash, transfer.block_hash, `MOVED: ${what}`);
                assert.equal(receipt.status, "0x1", what);
            });
        }),
    );
}

async function slashed_by(node, block) {
    const call = { abi: staking_abi, functionName: "totals" };
    const data = encodeFunctionData(call);
    const answer = await node.rpc.call("eth_call", [{ to: staking_address, data }, block]);
    return decodeFunctionResult({ ...call, data: answer })[1];
}

/**
 * Balances of everybody named in genesis or by the load, plus burnt base fees and what liars lost,
 * equal what began.
 */
export async function check_conservation(cluster, node, blocks) {
    const last = hex(Number(blocks.at(-1).number));
    const accounts = [...cluster.all_accounts()];
    if (has_stakes) accounts.push(staking_address);
    for (const block of blocks) if (!accounts.includes(block.miner)) accounts.push(block.miner);
    const balances = await node.rpc.batch(
        "eth_getBalance",
        accounts.map((account) => [account, last]),
    );
    const held = balances.reduce((sum, balance) => sum + BigInt(balance), 0n);
    const burnt = blocks.reduce(
        (sum, block) => sum + BigInt(block.gasUsed) * BigInt(block.baseFeePerGas),
        has_stakes ? await slashed_by(node, last) : 0n,
    );
    assert.equal(held + burnt, cluster.genesis_total(), `money appeared or went, by block ${last}`);
}

/** What each sender sent and each recipient got is what its blocks say, no transfer twice. */
async function check_transfers(cluster, node, loads) {
    const sent = loads.flatMap((load) => load.acknowledged);
    const nonces = new Map();
    for (const transfer of sent)
        nonces.set(transfer.sender, Math.max(nonces.get(transfer.sender) ?? 0, transfer.nonce + 1));
    const senders = [...nonces.keys()];
    const counts = await node.rpc.batch(
        "eth_getTransactionCount",
        senders.map((address) => [address, "latest"]),
    );
    counts.forEach((count, index) =>
        assert.equal(Number(count), nonces.get(senders[index]), `nonce of ${senders[index]}`),
    );
    const wanted = new Map();
    for (const transfer of sent)
        wanted.set(transfer.to, (wanted.get(transfer.to) ?? 0n) + transfer.value);
    const recipients = [...wanted.keys()];
    const balances = await node.rpc.batch(
        "eth_getBalance",
        recipients.map((to) => [to, "latest"]),
    );
    balances.forEach((balance, index) =>
        assert.equal(
            BigInt(balance),
            wanted.get(recipients[index]),
            `balance of ${recipients[index]}`,
        ),
    );
}

/**
 * The whole check, at the end of a fault test. The loads must have been stopped. Stops the nodes
 * and verifies their stores too.
 */
export async function check_everything(cluster, loads, { from = 0, only_transfers = true } = {}) {
    const nodes = cluster.nodes.filter((node) => node.is_running);
    const acknowledged = loads.flatMap((load) => load.acknowledged);
    const highest = acknowledged.reduce((max, transfer) => Math.max(max, transfer.block_number), 0);
    const head = await wait_for_height(nodes, highest + 1);
    const blocks = await check_same_blocks(nodes, from, head);
    await check_acknowledged(nodes, acknowledged);
    if (from === 0) await check_conservation(cluster, nodes[0], blocks);
    if (only_transfers) await check_transfers(cluster, nodes[0], loads);
    await cluster.stop();
    await Promise.all(cluster.nodes.map((node) => node.verify()));
    return { head, acknowledged: acknowledged.length };
}
