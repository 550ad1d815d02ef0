// The native contracts, for tests that call them. [docs/api.md]
import { parseAbi } from "viem";

const address = (number) => `0x${(0x486f6c6400000000n + number).toString(16).padStart(40, "0")}`;
export const validators_address = address(1n);
export const staking_address = address(2n);
export const faults_address = address(3n);

export const staking_abi = parseAbi([
    "struct Member { uint64 id; bytes32 votingKey; bytes32 transportKey; address account;" +
        " string endpoint; uint64 weight; }",
    "struct Candidate { Member member; uint256 stake; uint256 shares; bool listed; bool jailed;" +
        " uint64 jailedUntil; bool tombstoned; }",
    "function candidate(uint64 id) view returns (Candidate)",
    "function totals() view returns (uint256 issued, uint256 slashed)",
    "function bond(uint64 id, bytes32 votingKey, bytes32 transportKey, string endpoint) payable",
    "function bondMore(uint64 id) payable",
    "function unbond(uint64 id, uint256 amount)",
    "function unjail(uint64 id)",
]);
export const faults_abi = parseAbi([
    "function guilts(uint64 id) view returns (uint64)",
    "event Guilty(uint64 indexed id, address indexed accuser, uint64 epoch, uint64 inView," +
        " uint64 guilts)",
]);
