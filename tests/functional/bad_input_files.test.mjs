// Genesis files and configurations that must be refused at the start: with a name and the repair,
// at once, and without touching the data. The tables stand in bad_input/files.mjs.
import assert from "node:assert/strict";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { config_cases, genesis_cases } from "./bad_input/files.mjs";
import { matches } from "./lib/bad_input.mjs";
import { holdfast } from "./lib/binary.mjs";
import { Cluster, few } from "./lib/cluster.mjs";

const bad_config_exit = 3;
const bad_data_exit = 4;
const refusal_milliseconds_max = 5_000;

describe("bad files", () => {
    let cluster, node;

    after(() => cluster?.destroy());
    before(async () => {
        cluster = await Cluster.create(null, { nodes: few, start: false });
        node = cluster.nodes[0];
    });

    async function refused(args, expect) {
        const from = Date.now();
        const result = await holdfast(args, { within: 20_000 });
        assert.ok(
            [bad_config_exit, bad_data_exit].includes(result.code),
            `exit ${result.code ?? result.signal}: ${result.error_out}`,
        );
        assert.ok(Date.now() - from < refusal_milliseconds_max, "the refusal took too long");
        const names =
            result.error_out.match(/\b(genesis|config|key|journal|storage|ledger)\.\w+/g) ?? [];
        assert.ok(
            names.some((name) => matches(expect, name)),
            `wanted ${expect}, got: ${result.error_out.slice(0, 500)}`,
        );
        assert.match(result.error_out, /Repair: /);
        assert.ok(result.error_out.length < 2_000, "the message repeats too much of the file");
    }

    describe("genesis", () => {
        for (const entry of genesis_cases) {
            it(entry.name, async () => {
                const text = readFileSync(cluster.genesis_file, "utf8");
                const genesis = JSON.parse(text);
                entry.change?.(genesis);
                const file = path.join(cluster.folder, "bad-genesis.json");
                writeFileSync(file, entry.text ? entry.text(text) : JSON.stringify(genesis));
                if (!entry.by_node) return refused(["genesis", "show", file], entry.expect);
                const saved = path.join(cluster.folder, "saved-genesis.json");
                copyFileSync(cluster.genesis_file, saved);
                copyFileSync(file, cluster.genesis_file);
                try {
                    await refused(["node", "--config", node.config], entry.expect);
                } finally {
                    copyFileSync(saved, cluster.genesis_file);
                }
            });
        }
    });

    describe("configuration", () => {
        for (const entry of config_cases) {
            it(entry.name, async () => {
                const text = readFileSync(node.config, "utf8");
                if (entry.line) assert.match(text, entry.line[0], "the case has grown old");
                const bad = entry.text ? entry.text(text) : text.replace(...entry.line);
                const file = path.join(node.folder, "bad.toml");
                writeFileSync(file, bad);
                await refused([entry.by_node ? "node" : "config", "--config", file], entry.expect);
            });
        }
    });

    it("after all of it the data is as it was, and the node starts", async () => {
        await cluster.start();
    });
});
