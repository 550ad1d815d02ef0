// holdfast sim as an operator uses it: exit codes, the table, hashes that repeat, scenarios, the
// page, and a name for whatever cannot be simulated.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";
import { holdfast, holdfast_ok } from "./lib/binary.mjs";

const usage_exit = 64;
const no_progress_exit = 3;
const testdata = fileURLToPath(new URL("../../src/sim/testdata/", import.meta.url));
const short = ["--minutes", "0.1", "--jobs", "2"];

const traces = (out) => out.match(/^trace: \d+ [0-9a-f]{16}$/gm);

describe("holdfast sim", () => {
    let folder;
    const file = (name) => path.join(folder, name);
    before(() => (folder = mkdtempSync(path.join(tmpdir(), "holdfast-sim-"))));
    after(() => rmSync(folder, { recursive: true, force: true }));

    it("runs seeds, in which every rule holds, and closes with a table", async () => {
        const out = await holdfast_ok(["sim", "--nodes", "3", "--seeds", "50", ...short]);
        assert.match(out, /^ *seeds +50, of which 1 were run twice/m);
        assert.match(out, /^ *simulated time /m);
        assert.doesNotMatch(out, /violated:/);
        const quiet = await holdfast_ok(["sim", "--seeds", "1", "--quiet", ...short]);
        assert.equal(quiet, "");
    });

    it("is the same run for the same seed, and another for another", async () => {
        const run = async (seed) =>
            traces(await holdfast_ok(["sim", "--trace", "--quiet", "--seed", seed, ...short]));
        const [first] = await run("7");
        assert.deepEqual(await run("7"), [first]);
        const [other] = await run("8");
        assert.notEqual(other.split(" ").at(-1), first.split(" ").at(-1));
    });

    it("saves a drawn plan, and runs the file to the same end", async () => {
        const saved = file("saved.txt");
        const common = ["sim", "--trace", "--quiet"];
        const drawn = await holdfast_ok([...common, "--seed", "3", "--save", saved, ...short]);
        assert.match(readFileSync(saved, "utf8"), /^engine raft$/m);
        const read = await holdfast_ok([...common, "--scenario", saved]);
        assert.deepEqual(traces(read), traces(drawn));
    });

    it("runs a scenario that once broke a rule", async () => {
        const scenario = path.join(testdata, "members_known_before_a_leader.txt");
        const out = await holdfast_ok(["sim", "--trace", "--scenario", scenario]);
        assert.deepEqual(
            traces(out).map((line) => line.split(" ")[1]),
            ["2"],
            "the seed is the scenario's own",
        );
    });

    it("draws a run as one page that needs nothing else", async () => {
        const page = file("run.html");
        const options = ["--nodes", "3", "--seed", "2", "--seeds", "2", "--report", page];
        const out = await holdfast_ok(["sim", ...options, ...short]);
        assert.ok(out.includes(`report: ${page}`), out);
        const text = readFileSync(page, "utf8");
        assert.match(text, /^<!DOCTYPE html>/i);
        assert.match(text, /<\/html>\s*$/);
        assert.match(text, /<svg[\s>]/);
        assert.match(text, /holdfast sim --engine raft --nodes 3 --seed 3 /, "how to see it again");
        for (const outside of [/\bsrc\s*=/, /\bhref\s*=/, /<link\b/, /@import/, /url\(\s*["']?h/])
            assert.doesNotMatch(text, outside);
        assert.doesNotMatch(text.replaceAll("http://www.w3.org/2000/svg", ""), /https?:/);
        const scripts = [...text.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)];
        assert.equal(scripts.length, 1);
        new Script(scripts[0][1]); // throws unless it can be read
    });

    it("says what was broken, how to see it again, and ends with the verdict", async () => {
        // Answers that take minutes: no leader is ever elected, and that is no progress.
        const scenario = file("far_apart.txt");
        writeFileSync(scenario, "seed 5\nnodes 3\ndelay 60s\nlasts 2s\n1s transfer 0 at 1\n");
        const small = file("small.txt");
        const options = ["--quiet", "--minimize", "--tries", "20", "--save", small];
        const broken = await holdfast(["sim", "--scenario", scenario, ...options]);
        assert.equal(broken.code, no_progress_exit, broken.out + broken.error_out);
        assert.match(broken.out, /^violated: liveness: ./m);
        assert.match(broken.out, /^seed: 5$/m);
        assert.ok(broken.out.includes(`\nreproduce: holdfast sim --scenario ${scenario}\n`));
        const again = await holdfast(["sim", "--quiet", "--scenario", small]);
        assert.equal(again.code, no_progress_exit, again.out + again.error_out);
    });

    const bad_scenarios = {
        "an unknown fault": ["nodes 3\n1s explode 1\n", /line 2: 'explode'/],
        "a node that is not there": ["nodes 3\n1s kill 4\n", /line 2: '4'/],
        "a setting of its own": ["speed 9\n", /line 1: 'speed'/],
        "half a line": ["nodes\n", /line 1: 'nodes'/],
        "bytes that are no text": [Buffer.from([0xff, 0, 0xfe, 10, 0]), /line 1: /],
    };
    for (const [name, [text, told]] of Object.entries(bad_scenarios))
        it(`refuses a scenario with ${name}`, async () => {
            const scenario = file("bad.txt");
            writeFileSync(scenario, text);
            const refused = await refuses(["--scenario", scenario], /sim\.plan_malformed/);
            assert.match(refused, told);
            assert.ok(refused.includes(scenario), refused);
        });

    const bad_options = [
        [["--engine", "abacus"], /sim\.bad_options.*abacus/],
        [["--faults", "gremlins"], /sim\.unknown_profile.*gremlins/],
        [["--nodes", "0"], /sim\.bad_options.*1 to 16/],
        [["--nodes", "1000"], /sim\.bad_options.*1 to 16/],
        [["--load", "0"], /sim\.bad_options.*load/],
        [["--scenario", "/nowhere/at/all"], /sim\.scenario_unreadable.*nowhere/],
        [["--save", "/nowhere/at/all", ...short], /sim\.cannot_save.*nowhere/],
        [["--report", "/nowhere/at/all", ...short], /sim\.cannot_save.*nowhere/],
        [["--seeds", "0"], /--seeds/],
        [["--seeds", "many"], /--seeds/],
        [["--minutes", "-1"], /--minutes/],
        [["--no-such-option"], /no-such-option/],
    ];
    for (const [options, told] of bad_options)
        it(`refuses ${options.slice(0, 2).join(" ")}`, () => refuses(options, told));

    async function refuses(options, told) {
        const { code, out, error_out } = await holdfast(["sim", ...options], { within: 20_000 });
        assert.equal(code, usage_exit, error_out + out);
        assert.match(error_out, told);
        assert.ok(error_out.length < 1_000, "the message repeats too much");
        assert.doesNotMatch(out, /violated|reproduce/);
        return error_out;
    }
});
