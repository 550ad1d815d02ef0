// JSON-RPC by hand: the fault tests need to see refusals, broken connections and timeouts as they
// are, not as a client library would mend them. Needs nothing but Node, so that bench/ can use it
// too.
import http from "node:http";

/** What the server answered when it answered with an error. */
export class RpcError extends Error {
    constructor(error) {
        super(`${error.code} ${error.message}`);
        this.code = error.code;
        this.data = error.data;
        this.text = JSON.stringify(error);
    }
    /** Our own error names ("transaction.nonce_too_low") stand in the message or in the data. */
    names(name) {
        return this.text.includes(name);
    }
}

/** One HTTP exchange, body and all. Never rejects for a status; rejects for a broken connection. */
export function http_exchange(
    port,
    { method = "POST", path = "/", headers = {}, body, agent, timeout = 10_000 } = {},
) {
    return new Promise((resolve, reject) => {
        const request = http.request(
            { host: "127.0.0.1", port, method, path, agent, headers },
            (response) => {
                const pieces = [];
                response.on("data", (piece) => pieces.push(piece));
                response.on("error", reject);
                response.on("end", () =>
                    resolve({
                        status: response.statusCode,
                        headers: response.headers,
                        body: Buffer.concat(pieces).toString(),
                    }),
                );
            },
        );
        request.setTimeout(timeout, () => request.destroy(new Error("timed out")));
        request.on("error", reject);
        request.end(body);
    });
}

export class HttpRpc {
    constructor(port) {
        this.port = port;
        this.agent = new http.Agent({ keepAlive: true, maxSockets: 32 });
        this.next_id = 1;
    }
    async post(value, timeout, more_headers = {}) {
        const body = JSON.stringify(value);
        const headers = {
            "content-type": "application/json",
            "content-length": Buffer.byteLength(body),
            ...more_headers,
        };
        const answer = await http_exchange(this.port, {
            headers,
            body,
            agent: this.agent,
            timeout,
        });
        if (answer.status !== 200) throw new Error(`HTTP ${answer.status}: ${answer.body}`);
        return JSON.parse(answer.body);
    }
    async call(method, params = [], timeout = 10_000, headers = {}) {
        const request = { jsonrpc: "2.0", id: this.next_id++, method, params };
        const answer = await this.post(request, timeout, headers);
        if (answer.error) throw new RpcError(answer.error);
        return answer.result;
    }
    /** Many calls in requests of `size`; answers in the order of the calls. */
    async batch(method, params_list, size = 200, timeout = 30_000) {
        const results = [];
        for (let start = 0; start < params_list.length; start += size) {
            const calls = params_list
                .slice(start, start + size)
                .map((params, index) => ({ jsonrpc: "2.0", id: index, method, params }));
            const answers = await this.post(calls, timeout);
            if (!Array.isArray(answers)) throw new RpcError(answers.error);
            answers.sort((a, b) => a.id - b.id);
            for (const answer of answers) {
                if (answer.error) throw new RpcError(answer.error);
                results.push(answer.result);
            }
        }
        return results;
    }
    close() {
        this.agent.destroy();
    }
}
