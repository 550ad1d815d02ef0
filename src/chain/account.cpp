// Accounts as RLP. [YP §4.1]
#include "chain/account.h"

#include "chain/block.h"
#include "chain/rlp.h"
#include "crypto/hash.h"

namespace holdfast::chain {
namespace {

Hash32 empty_code_hash() {
    static const Hash32 hash = crypto::keccak256({});
    return hash;
}

}  // namespace

bool Account::is_empty() const {
    return nonce == 0 && balance.is_zero() && code_hash == empty_code_hash();
}

Account new_account() {
    return {.nonce = 0,
            .balance = {},
            .storage_root = empty_trie_root(),
            .code_hash = empty_code_hash()};
}

Bytes encode_account(const Account& account) {
    rlp::Encoder out;
    out.begin_list();
    out.number(account.nonce);
    out.number(account.balance);
    out.fixed(account.storage_root);
    out.fixed(account.code_hash);
    out.end_list();
    return out.take();
}

Result<Account> decode_account(ByteView rlp) {
    rlp::Decoder in(rlp);
    rlp::Decoder list = in.list();
    Account account;
    account.nonce = list.number();
    account.balance = list.number256();
    account.storage_root = list.fixed<Hash32>();
    account.code_hash = list.fixed<Hash32>();
    in.close(list);
    if (auto status = in.finish(); !status) return std::unexpected(std::move(status).error());
    return account;
}

}  // namespace holdfast::chain
