// What operators do about who takes part: more than half of them approve a change, or, where seats
// are by stake, each one bonds and takes back for itself. [docs/membership.md]
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { encodeFunctionData } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { holdfast_ok } from "./binary.mjs";
import { ether, has_stakes, is_voter } from "./cluster.mjs";
import { staking_abi, staking_address } from "./contracts.mjs";
import { sign_transfer } from "./load.mjs";
import { until } from "./wait.mjs";

const stake = 2; // ether; the default of stakeMin is 1
const everything = 2n ** 256n - 1n;

const operator_key = (node) => path.join(node.folder, "keys/operator.key");
export const member_ids = async (node) =>
    (await node.rpc.call("holdfast_members", ["latest"])).members.map((member) =>
        Number(member.id),
    );

/** Options of `member add`, as `init --join` prints them for the operators. */
const options_of = (printed) =>
    printed
        .match(/holdfast member add([\s\S]*?)--key/)[1]
        .replaceAll("\\\n", " ")
        .trim()
        .split(/\s+/);

/** As many operators as needed approve, each by its own node. */
async function approve(members, args) {
    const needed = Math.floor(members.length / 2) + 1;
    for (const node of members.slice(0, needed))
        await holdfast_ok([
            "member",
            ...args,
            "--key",
            operator_key(node),
            "--rpc",
            `127.0.0.1:${node.rpc_port}`,
        ]);
}

/** The operator of `node` calls the staking contract, by way of another node's API. */
async function call_staking(cluster, node, by, functionName, args, value = 0n) {
    const digits = readFileSync(operator_key(node), "utf8").trim().replace(/^0x/, "");
    const account = privateKeyToAccount(`0x${digits}`);
    // Linearizable: what another node acknowledged, such as the money for this, is here as well.
    // Who only follows cannot promise that.
    const query = ["eth_getTransactionCount", [account.address, "pending"]];
    const { isMember } = await by.status();
    const nonce = isMember ? await by.linearizable(...query) : await by.rpc.call(...query);
    const raw = await sign_transfer(account, cluster.chain_id, Number(nonce), {
        to: staking_address,
        data: encodeFunctionData({ abi: staking_abi, functionName, args }),
        gas: 1_000_000n,
        value,
    });
    const receipt = await by.rpc.call("eth_sendRawTransactionSync", [raw, "0x7530"], 40_000);
    assert.equal(receipt.status, "0x1", `${functionName} by the operator of node ${node.id}`);
}

/** `printed` is what `init --join` said of the comer, whose operator has money. */
export async function bring_in(cluster, members, comer, printed) {
    const options = options_of(printed);
    if (!has_stakes) return approve(members, ["add", ...options]);
    return bond(cluster, members[0], comer, printed, stake);
}
/** With so much of its own the comer is a candidate: a member, if that is enough, or a standby. */
export async function bond(cluster, by, comer, printed, ethers) {
    const options = options_of(printed);
    const value_of = (name) => options[options.indexOf(name) + 1];
    const args = [
        BigInt(comer.id),
        value_of("--voting-key"),
        value_of("--transport-key"),
        value_of("--endpoint"),
    ];
    return call_staking(cluster, comer, by, "bond", args, ether(ethers));
}
export const bond_more = (cluster, by, node, ethers) =>
    call_staking(cluster, node, by, "bondMore", [BigInt(node.id)], ether(ethers));
/** By its own node, though that has no seat. */
export const unjail = (cluster, node) =>
    call_staking(cluster, node, node, "unjail", [BigInt(node.id)]);
export async function put_out(cluster, members, goer) {
    if (!has_stakes) return approve(members, ["remove", "--id", String(goer.id)]);
    return call_staking(cluster, goer, members[0], "unbond", [BigInt(goer.id), everything]);
}

export const to_be_a_voter = (node) =>
    until(
        `node ${node.id} to be a voter`,
        async () =>
            (await member_ids(node)).includes(node.id) &&
            (await node.status()).isMember &&
            (await is_voter(node)),
        { within: 60_000 },
    );
/** And no more needed: its own attestation may be the last that the block of its removal lacks. */
export async function to_be_out(node, witness) {
    const what = `node ${node.id} to be out`;
    const is_out = async () => !(await member_ids(witness)).includes(node.id);
    await until(what, is_out, { within: 60_000 });
    const height = await witness.height();
    await until(`${what}, certified`, async () => (await witness.status()).certified >= height);
}

/** A newcomer's operator pays for its calls like anybody else. */
export async function fund_operator(cluster, node) {
    const address = (
        await holdfast_ok(["key", "show", "--kind", "account", operator_key(node)])
    ).trim();
    cluster.also_watch([address]);
    const last = cluster.running.at(-1);
    await holdfast_ok([
        "transfer",
        "--key",
        operator_key(cluster.node(1)),
        "--to",
        address,
        "--value",
        "10ether",
        "--rpc",
        `127.0.0.1:${last.rpc_port}`,
    ]);
}
