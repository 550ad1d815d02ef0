// Every founding member is replaced by a new one, one after the other, under load: the ledger
// outlives all the machines that it began on, and nothing acknowledged is lost.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { check_everything } from "./lib/check.mjs";
import { Cluster, few, is_bft } from "./lib/cluster.mjs";
import { all_recipients, Load, load_alloc } from "./lib/load.mjs";
import {
    bring_in,
    fund_operator,
    member_ids,
    put_out,
    to_be_a_voter,
    to_be_out,
} from "./lib/operators.mjs";
import { until } from "./lib/wait.mjs";

const senders = 16;
const founders = few;
/** Epochs end the sooner the fewer blocks they have; without a load a block takes a second. */
const epochs_of = (blocks) => (is_bft ? ["--epoch-blocks", blocks] : []);

describe("membership", () => {
    it("all founders are replaced under load", async (t) => {
        const cluster = await Cluster.create(t, {
            nodes: founders,
            alloc: load_alloc(senders + 3),
            init: epochs_of(32),
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
            await fund_operator(cluster, comer);
            await bring_in(cluster, members, comer, out);
            await comer.start();
            members.push(comer);
            await to_be_a_voter(comer);
            await load.more(200);
            const goer = members[0];
            await put_out(cluster, members, goer);
            members = members.slice(1);
            await to_be_out(goer, members[0]);
            await load.more(200);
            await goer.stop();
            await load.more(200);
        }
        assert.deepEqual(
            await member_ids(members[0]),
            members.map(({ id }) => id),
        );
        await load.stop();
        cluster.nodes = members;
        await check_everything(cluster, [load], { only_transfers: true });
    });

    it("a newcomer who knows only founders that are gone asks who the members are", async (t) => {
        const cluster = await Cluster.create(t, { nodes: 1, init: epochs_of(4) });
        const founder = cluster.node(1);
        const members = [founder];
        for (const id of [2, 3]) {
            const { node, out } = await cluster.join(id);
            await fund_operator(cluster, node);
            await bring_in(cluster, members, node, out);
            await node.start();
            await to_be_a_voter(node);
            members.push(node);
        }
        await put_out(cluster, members, founder);
        members.shift();
        await to_be_out(founder, members[0]);
        await founder.stop();

        const rpc = `127.0.0.1:${members[0].rpc_port}`;
        const { node: comer, out } = await cluster.join(4, "--rpc", rpc);
        assert.match(readFileSync(comer.config, "utf8"), /^ {4}\{id = 3, /m);
        await fund_operator(cluster, comer);
        await bring_in(cluster, members, comer, out);
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
        const cluster = await Cluster.create(t, { nodes: 1, init: epochs_of(4) });
        const founder = cluster.node(1);
        const { node: second, out } = await cluster.join(2);
        await fund_operator(cluster, second);
        await bring_in(cluster, [founder], second, out);
        await second.start();
        await to_be_a_voter(second);
        await put_out(cluster, [founder, second], founder);
        await to_be_out(founder, second);
        await until("the second to lead alone", async () => {
            const { agreement } = await second.status();
            if (is_bft) return agreement.role === "validator" && Number(agreement.leader) === 2;
            return agreement.role === "leader" && agreement.membersEpoch === 2;
        });
        await founder.stop();
        await fund_operator(cluster, second);
    });
});
