// The well-known accounts, and keeping them out of ledgers that are not for development.
#include "app/development.h"

#include <array>

#include <fmt/format.h>

#include "app/keys.h"
#include "base/check.h"

namespace holdfast::app {
namespace {

struct Written {
    std::string_view address;
    std::string_view key;
};
constexpr std::array<Written, 10> written{{
    {"f39fd6e51aad88f6f4ce6ab8827279cfffb92266",
     "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"},
    {"70997970c51812dc3a010c7d01b50e0d17dc79c8",
     "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"},
    {"3c44cdddb6a900fa2b585dd299e03d12fa4293bc",
     "5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"},
    {"90f79bf6eb2c4f870365e785982e1f101e93b906",
     "7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6"},
    {"15d34aaf54267db7d7c367839aaf71a00a2c6a65",
     "47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a"},
    {"9965507d1a55bcc2695c58ba16fb37d819b0a4dc",
     "8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba"},
    {"976ea74026e726554db657fa54763abd0c3a0aa9",
     "92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e"},
    {"14dc79964da2c08b23698b3d3cc7ca32193d9955",
     "4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356"},
    {"23618e81e3f5cdf7f54c3d65f7fbc0abf5b21e8f",
     "dbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97"},
    {"a0ee7a142d267c1f36714e4a8f75612f20a79720",
     "2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6"},
}};

std::vector<DevelopmentAccount> read_written() {
    std::vector<DevelopmentAccount> accounts;
    for (const Written& account : written) {
        const auto address = fixed_from_hex<Address>(account.address);
        const auto key = fixed_from_hex<crypto::SecretKey>(account.key);
        CHECK(address && key, "the table holds hexadecimal of the right length");
        accounts.push_back({.address = *address, .key = *key});
    }
    return accounts;
}

}  // namespace

std::span<const DevelopmentAccount> development_accounts() {
    static const std::vector<DevelopmentAccount> accounts = read_written();
    return accounts;
}

bool is_well_known(const Address& account) {
    return std::ranges::find(development_accounts(), account, &DevelopmentAccount::address) !=
           development_accounts().end();
}

bool is_well_known(const crypto::NodeSeed& seed) {
    return std::ranges::all_of(seed.bytes, [&](uint8_t byte) { return byte == seed.bytes[0]; });
}

Status check_no_well_known(const chain::Genesis& genesis) {
    if (genesis.dev) return {};
    for (const chain::Member& member : genesis.members.members)
        if (is_well_known(member.operator_account))
            return fail(errc::key_well_known,
                        fmt::format("member {}'s operator account {}", member.id,
                                    to_hex0x(member.operator_account.view())));
    for (const auto& [address, account] : genesis.alloc)
        if (is_well_known(address))
            return fail(errc::key_well_known,
                        fmt::format("genesis funds {}", to_hex0x(address.view())));
    return {};
}

U256 ether(uint64_t amount) {
    return U256(amount) * U256(1'000'000'000'000'000'000);
}

}  // namespace holdfast::app
