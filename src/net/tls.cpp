// OpenSSL set-up and the check of a peer's certificate.
#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "net/endpoint.h"

namespace holdfast::net {
namespace {

/// Ours are about 250 bytes; a peer's must not make us parse much before we know it.
constexpr long certificate_bytes_max = 4096;

template <auto Free>
struct Freer {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;

std::unexpected<Error> openssl_failure(std::string_view what) {
    std::array<char, 256> text{};
    ERR_error_string_n(ERR_get_error(), text.data(), text.size());
    ERR_clear_error();
    return fail(errc::tls, std::string(what).append(": ").append(text.data()));
}

std::optional<crypto::NodePublicKey> key_of(const X509* certificate) {
    const EVP_PKEY* key = certificate == nullptr ? nullptr : X509_get0_pubkey(certificate);
    if (key == nullptr || EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519) return std::nullopt;
    crypto::NodePublicKey result;
    size_t size = result.bytes.size();
    if (EVP_PKEY_get_raw_public_key(key, result.bytes.data(), &size) != 1 ||
        size != result.bytes.size())
        return std::nullopt;
    return result;
}

/// Stands in for the whole of OpenSSL's chain verification: the pinned key is the trust, so issuer,
/// names and dates mean nothing here. That the peer holds the key, TLS itself proves afterwards.
int check_certificate(X509_STORE_CTX* store, void* is_known) {
    const auto key = key_of(X509_STORE_CTX_get0_cert(store));
    if (key && (*static_cast<const Tls::IsKnown*>(is_known))(*key)) return 1;
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
}

/// Valid from 1970 to 9999: a dead clock battery must not take a node off the network.
Certificate make_certificate(EVP_PKEY* key) {
    Certificate certificate(X509_new());
    X509* x = certificate.get();
    const bool made = x != nullptr && X509_set_version(x, X509_VERSION_3) == 1 &&
                      ASN1_INTEGER_set(X509_get_serialNumber(x), 1) == 1 &&
                      ASN1_TIME_set_string(X509_getm_notBefore(x), "19700101000000Z") == 1 &&
                      ASN1_TIME_set_string(X509_getm_notAfter(x), "99991231235959Z") == 1 &&
                      X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                                                 reinterpret_cast<const unsigned char*>("holdfast"),
                                                 -1, -1, 0) == 1 &&
                      X509_set_issuer_name(x, X509_get_subject_name(x)) == 1 &&
                      X509_set_pubkey(x, key) == 1 &&
                      X509_sign(x, key, nullptr) > 0;  // Ed25519 names no digest (RFC 8410)
    return made ? std::move(certificate) : nullptr;
}

}  // namespace

Tls::Tls(IsKnown is_known)
    : context_(boost::asio::ssl::context::tls), is_known_(std::move(is_known)) {}

Result<std::unique_ptr<Tls>> Tls::create(const crypto::NodeSeed& seed, IsKnown is_known) {
    try {
        std::unique_ptr<Tls> tls(new Tls(std::move(is_known)));
        if (Status status = tls->configure(seed); !status) return std::unexpected(status.error());
        return tls;
    } catch (const boost::system::system_error& error) {
        return fail(errc::tls, error.what());
    }
}

Status Tls::configure(const crypto::NodeSeed& seed) {
    SSL_CTX* ctx = context_.native_handle();
    const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.bytes.data(),
                                               seed.bytes.size()));
    if (!key) return openssl_failure("transport key");
    const Certificate certificate = make_certificate(key.get());
    if (!certificate || SSL_CTX_use_certificate(ctx, certificate.get()) != 1 ||
        SSL_CTX_use_PrivateKey(ctx, key.get()) != 1)
        return openssl_failure("certificate");

    // One suite of each kind suffices between nodes of one program; AES first, for its
    // instructions.
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256") != 1 ||
        SSL_CTX_set1_groups_list(ctx, "X25519") != 1 ||
        SSL_CTX_set1_sigalgs_list(ctx, "ed25519") != 1)
        return openssl_failure("protocol parameters");

    // No tickets, no cached sessions, no early data: a replayed flight must never be accepted.
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    if (SSL_CTX_set_num_tickets(ctx, 0) != 1 || SSL_CTX_set_max_early_data(ctx, 0) != 1)
        return openssl_failure("tickets");
    SSL_CTX_set_max_cert_list(ctx, certificate_bytes_max);

    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_set_cert_verify_callback(ctx, check_certificate, &is_known_);
    return {};
}

std::optional<crypto::NodePublicKey> peer_key(SSL* ssl) {
    return key_of(SSL_get0_peer_certificate(ssl));
}

ClientRandom client_random(SSL* ssl) {
    ClientRandom random;
    SSL_get_client_random(ssl, random.bytes.data(), random.bytes.size());
    return random;
}

}  // namespace holdfast::net
