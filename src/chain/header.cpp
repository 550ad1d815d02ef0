// Headers as RLP, with the fields of Prague in their order. [YP §4.4, EIP-1559, 4895, 4844, 4788,
// 7685]
#include "chain/block.h"
#include "chain/errors.h"
#include "chain/rlp.h"
#include "crypto/hash.h"

namespace holdfast::chain {

Bytes encode_header(const Header& header) {
    rlp::Encoder out;
    out.begin_list();
    out.fixed(header.parent_hash);
    out.fixed(header.ommers_hash);
    out.fixed(header.beneficiary);
    out.fixed(header.state_root);
    out.fixed(header.transactions_root);
    out.fixed(header.receipts_root);
    out.fixed(header.logs_bloom);
    out.number(header.difficulty);
    out.number(header.number.value);
    out.number(header.gas_limit);
    out.number(header.gas_used);
    out.number(header.timestamp);
    out.string(header.extra_data);
    out.fixed(header.prev_randao);
    out.string(header.nonce);
    out.number(header.base_fee_per_gas);
    out.fixed(header.withdrawals_root);
    out.number(header.blob_gas_used);
    out.number(header.excess_blob_gas);
    out.fixed(header.parent_beacon_block_root);
    out.fixed(header.requests_hash);
    out.end_list();
    return out.take();
}

Result<Header> decode_header(ByteView rlp) {
    rlp::Decoder in(rlp);
    rlp::Decoder list = in.list();
    Header header;
    header.parent_hash = list.fixed<Hash32>();
    header.ommers_hash = list.fixed<Hash32>();
    header.beneficiary = list.fixed<Address>();
    header.state_root = list.fixed<Hash32>();
    header.transactions_root = list.fixed<Hash32>();
    header.receipts_root = list.fixed<Hash32>();
    header.logs_bloom = list.fixed<Bloom>();
    header.difficulty = list.number256();
    header.number = Height(list.number());
    header.gas_limit = list.number();
    header.gas_used = list.number();
    header.timestamp = list.number();
    header.extra_data = to_bytes(list.string(header_extra_bytes_max));
    header.prev_randao = list.fixed<Hash32>();
    header.nonce = list.fixed<FixedBytes<8, struct HeaderNonceTag>>().bytes;
    header.base_fee_per_gas = list.number256();
    header.withdrawals_root = list.fixed<Hash32>();
    header.blob_gas_used = list.number();
    header.excess_blob_gas = list.number();
    header.parent_beacon_block_root = list.fixed<Hash32>();
    header.requests_hash = list.fixed<Hash32>();
    in.close(list);
    if (auto status = in.finish(); !status) return std::unexpected(std::move(status).error());
    return header;
}

Hash32 header_hash(const Header& header) {
    return crypto::keccak256(encode_header(header));
}

}  // namespace holdfast::chain
