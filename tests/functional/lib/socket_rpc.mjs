// JSON-RPC over one WebSocket, with any number of calls in flight.
import { WebSocket } from "ws";
import { RpcError } from "./rpc.mjs";

/** When the connection breaks, all calls in flight reject. */
export class SocketRpc {
    static open(port, timeout = 5_000) {
        return new Promise((resolve, reject) => {
            const socket = new WebSocket(`ws://127.0.0.1:${port}`, {
                handshakeTimeout: timeout,
                perMessageDeflate: false,
            });
            const rpc = new SocketRpc(socket);
            socket.once("open", () => resolve(rpc));
            socket.once("error", reject);
        });
    }
    constructor(socket) {
        this.socket = socket;
        this.next_id = 1;
        this.waiting = new Map();
        this.subscriptions = new Map();
        this.is_open = true;
        socket.on("message", (bytes) => this.on_message(JSON.parse(bytes)));
        socket.on("close", () => this.on_close(new Error("connection closed")));
        socket.on("error", (error) => this.on_close(error));
    }
    on_message(answer) {
        if (answer.method === "eth_subscription") {
            this.subscriptions.get(answer.params.subscription)?.(answer.params.result);
            return;
        }
        const caller = this.waiting.get(answer.id);
        if (!caller) return;
        this.waiting.delete(answer.id);
        clearTimeout(caller.timer);
        if (answer.error) caller.reject(new RpcError(answer.error));
        else caller.resolve(answer.result);
    }
    on_close(error) {
        this.is_open = false;
        for (const caller of this.waiting.values()) {
            clearTimeout(caller.timer);
            caller.reject(error);
        }
        this.waiting.clear();
    }
    call(method, params = [], timeout = 10_000) {
        if (!this.is_open) return Promise.reject(new Error("connection closed"));
        return new Promise((resolve, reject) => {
            const id = this.next_id++;
            const timer = setTimeout(() => {
                this.waiting.delete(id);
                reject(new Error(`${method} timed out`));
            }, timeout);
            this.waiting.set(id, { resolve, reject, timer });
            this.socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
        });
    }
    async subscribe(params, listener) {
        const id = await this.call("eth_subscribe", params);
        this.subscriptions.set(id, listener);
        return id;
    }
    close() {
        this.socket.terminate();
    }
}
