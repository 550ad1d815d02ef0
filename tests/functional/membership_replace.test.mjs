// Every founding member is replaced by a new one, one after the other, under load: the ledger
// outlives all the machines that it began on, and nothing acknowledged is lost.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { holdfast_ok } from "./lib/binary.mjs";
import { check_everything } from "./lib/check.mjs";
import { Cluster } from "./lib/cluster.mjs";
import { all_recipients, Load, load_alloc } from "./lib/load.mjs";
import { until } from "./lib/wait.mjs";

const senders = 16;
const founders = 3;

const operator_key = (node) => path.join(node.folder, "keys/operator.key");
const member_ids = async (node) =>
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
async function approve(cluster, members, args) {
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

const to_be_a_voter = (node) =>
    until(
        `node ${node.id} to be a voter`,
        async () => {
            const status = await node.status();
            return (
                (await member_ids(node)).includes(node.id) &&
                status.isMember &&
                ["follower", "leader"].includes(status.agreement.role)
            );
        },
        { within: 60_000 },
    );
const to_be_out = (node, witness) =>
    until(
        `node ${node.id} to be out`,
        async () => !(await member_ids(witness)).includes(node.id),
    );

describe("membership", () => {
    it("all three founders are replaced under load", async (t) => {
        const cluster = await Cluster.create(t, {
            nodes: founders,
            alloc: load_alloc(senders + 3),
        });
        cluster.also_watch(all_recipients);
        let members = [...cluster.nodes];
        const load = new Load({
            cluster,
            senders,
            nodes: () => members.filter((node) => node.is_running),
        }).start();
        await load.more(100);
        for (let turn = 0; turn < founders; turn++) {
            const { node: comer, out } = await cluster.join(founders + 1 + turn);
            await approve(cluster, members, ["add", ...options_of(out)]);
            await comer.start();
            members.push(comer);
            await to_be_a_voter(comer);
            await load.more(200);
            const goer = members[0];
            await fund_newcomer(cluster, comer);
            await approve(cluster, members, ["remove", "--id", String(goer.id)]);
            members = members.slice(1);
            await to_be_out(goer, members[0]);
            await load.more(200);
            await goer.stop();
            await load.more(200);
        }
        assert.deepEqual((await member_ids(members[0])).sort(), [4, 5, 6]);
        await load.stop();
        cluster.nodes = members;
        await check_everything(cluster, [load], { only_transfers: true });
    });

    it("a newcomer who knows only founders that are gone asks who the members are", async (t) => {
        const cluster = await Cluster.create(t, { nodes: 1 });
        const founder = cluster.node(1);
        const members = [founder];
        for (const id of [2, 3]) {
            const { node, out } = await cluster.join(id);
            await approve(cluster, members, ["add", ...options_of(out)]);
            await node.start();
            await to_be_a_voter(node);
            await fund_newcomer(cluster, node);
            members.push(node);
        }
        await approve(cluster, members, ["remove", "--id", "1"]);
        members.shift();
        await to_be_out(founder, members[0]);
        await founder.stop();

        const rpc = `127.0.0.1:${members[0].rpc_port}`;
        const { node: comer, out } = await cluster.join(4, "--rpc", rpc);
        assert.match(readFileSync(comer.config, "utf8"), /^ {4}\{id = 3, /m);
        await approve(cluster, members, ["add", ...options_of(out)]);
        await comer.start();
        await to_be_a_voter(comer);
        assert.deepEqual(await member_ids(comer), [2, 3, 4]);

        // Of another ledger it would be told who keeps that one.
        const other = await Cluster.create(t, { nodes: 1, chain_id: 7778 });
        await assert.rejects(
            cluster.join(5, "--rpc", `127.0.0.1:${other.node(1).rpc_port}`),
            /init\.other_ledger/,
        );
    });

    it("of two members one leaves, and the other goes on", async (t) => {
        // Both must agree that one of them goes: the link between them must outlive its removal.
        const cluster = await Cluster.create(t, { nodes: 1 });
        const founder = cluster.node(1);
        const { node: second, out } = await cluster.join(2);
        await approve(cluster, [founder], ["add", ...options_of(out)]);
        await second.start();
        await to_be_a_voter(second);
        await fund_newcomer(cluster, second);
        await approve(cluster, [founder, second], ["remove", "--id", "1"]);
        await to_be_out(founder, second);
        await until("the second to lead alone", async () => {
            const { agreement } = await second.status();
            return agreement.role === "leader" && agreement.membersEpoch === 2;
        });
        await founder.stop();
        await fund_newcomer(cluster, second);
    });

    async function fund_newcomer(cluster, node) {
        // A newcomer's operator pays for its approvals like anybody else.
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
});
