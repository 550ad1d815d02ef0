// One real node: its process, its folder, its doors.
import { createWriteStream, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { find_binary, holdfast } from "./binary.mjs";
import { signal_group, spawn_owned } from "./children.mjs";
import { http_exchange, HttpRpc } from "./rpc.mjs";
import { until, within } from "./wait.mjs";

const log_tail_lines = 25;
const linearizable_header = { "Holdfast-Consistency": "linearizable" };

export class NodeProcess {
    constructor({ id, folder, port }) {
        this.id = id;
        this.folder = folder;
        this.config = path.join(folder, "config.toml");
        this.log_file = path.join(folder, "node.log");
        this.rpc_port = port;
        this.peer_port = port + 1;
        this.operator_port = port + 2;
        this.rpc = new HttpRpc(this.rpc_port);
        this.operator_rpc = new HttpRpc(this.operator_port);
        this.program = null; // another one than the holdfast under test
        this.child = null;
        this.is_paused = false;
        this.starts = 0;
    }
    get data() {
        return path.join(this.folder, "data");
    }
    get is_running() {
        return this.child !== null && !this.is_paused;
    }
    get pid() {
        return this.child?.pid;
    }

    /** Replaces one setting of config.toml, which `init` writes whole. */
    set_config(section, key, value) {
        const lines = readFileSync(this.config, "utf8").split("\n");
        let current = "";
        const at = lines.findIndex((line) => {
            current = /^\[(.+)\]/.exec(line)?.[1] ?? current;
            return current === section && new RegExp(`^${key}\\s*=`).test(line);
        });
        if (at < 0) throw new Error(`config.toml has no ${section}.${key}`);
        lines[at] = `${key} = ${JSON.stringify(value)}`;
        writeFileSync(this.config, lines.join("\n"));
    }

    /** Starts the process, `under` something like strace if wanted; does not wait for it. */
    spawn({ under = [], env = {} } = {}) {
        if (this.child) throw new Error(`node ${this.id} is running`);
        const [command, ...args] = [
            ...under,
            this.program ?? find_binary(),
            "node",
            "--config",
            this.config,
        ];
        const child = spawn_owned(command, args, {
            stdio: ["ignore", "pipe", "pipe"],
            env: { ...process.env, ...env },
        });
        const log = createWriteStream(this.log_file, { flags: "a" });
        log.write(`---- start ${++this.starts} ${new Date().toISOString()}\n`);
        child.stdout.pipe(log, { end: false });
        child.stderr.pipe(log, { end: false });
        this.child = child;
        this.exit = new Promise((resolve) => {
            child.on("close", (code, signal) => {
                if (this.child === child) this.child = null;
                // Whoever waits for the end reads what was said last: it must be in the file.
                log.end(`---- exit ${code ?? signal}\n`, () => resolve({ code, signal }));
            });
            child.on("error", (error) => resolve({ code: null, signal: error.message }));
        });
        return this;
    }
    /** Starts and waits until it answers. */
    async start(options) {
        this.spawn(options);
        await this.wait_answering(options?.within);
        return this;
    }
    async wait_answering(bound = 30_000) {
        await until(
            `node ${this.id} to answer`,
            async () => {
                if (!this.child) throw new Error(`it exited: ${this.log_tail()}`);
                return this.rpc.call("eth_blockNumber", [], 2_000);
            },
            { within: bound },
        );
    }
    async end(signal, bound = 20_000) {
        if (!this.child) return { code: null, signal: null };
        const exit = this.exit;
        if (this.is_paused && signal !== "SIGKILL") this.resume();
        signal_group(this.child, signal);
        this.is_paused = false;
        return within(bound, `node ${this.id} to end after ${signal}`, exit);
    }
    /** kill -9: nothing is flushed, nothing is said. */
    kill() {
        return this.end("SIGKILL");
    }
    stop() {
        return this.end("SIGTERM");
    }
    pause() {
        this.child.kill("SIGSTOP");
        this.is_paused = true;
    }
    resume() {
        this.child.kill("SIGCONT");
        this.is_paused = false;
    }
    /** For a start that must fail: its exit, and what it said. */
    async start_refused(bound = 30_000) {
        this.spawn();
        const exit = await within(bound, `node ${this.id} to refuse to start`, this.exit).catch(
            async (error) => {
                await this.kill();
                throw error;
            },
        );
        return { ...exit, text: this.last_run() };
    }

    async height() {
        return Number(await this.rpc.call("eth_blockNumber", [], 5_000));
    }
    /** A read that waits for its point in the order: nothing acknowledged before is missing. */
    linearizable(method, params, timeout = 10_000) {
        return this.rpc.call(method, params, timeout, linearizable_header);
    }
    status() {
        return this.rpc.call("holdfast_status", [], 5_000);
    }
    resident_bytes() {
        const text = readFileSync(`/proc/${this.pid}/status`, "utf8");
        return 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(text)[1]);
    }
    /** Values of /metrics by name; those with labels by name{labels}. */
    async metrics() {
        const answer = await http_exchange(this.rpc_port, { method: "GET", path: "/metrics" });
        const values = new Map();
        for (const line of answer.body.split("\n")) {
            const match = /^([a-z_:][\w:]*(?:\{.*\})?)\s+(\S+)$/i.exec(line);
            if (match) values.set(match[1], Number(match[2]));
        }
        return values;
    }
    /** `holdfast verify` on the stopped node's data. */
    async verify() {
        const result = await holdfast(["verify", "--config", this.config], { within: 120_000 });
        if (result.code !== 0)
            throw new Error(
                `verify of node ${this.id} gave ${result.code ?? result.signal}: ` +
                    `${result.out}${result.error_out}`,
            );
        return result.out;
    }

    log_text() {
        try {
            return readFileSync(this.log_file, "utf8");
        } catch {
            return "";
        }
    }
    last_run() {
        return this.log_text()
            .split(/^---- start .*$/m)
            .at(-1);
    }
    log_tail(lines = log_tail_lines) {
        return this.log_text().split("\n").slice(-lines).join("\n");
    }
    close() {
        this.rpc.close();
        this.operator_rpc.close();
    }
}
