#include "tls_client.hpp"

#include <algorithm>
#include <cstring>

namespace gatehouse::host {
namespace {

/// 2020-06-01, in days since the year 0: within the validity of every authority and boards' certificate.
constexpr uint32_t kToday = 719528 + 18414;

constexpr uint16_t kSuites[] = {BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
                                BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256};

unsigned char* bytesOf(const std::string& text) {
    // BearSSL only reads what a trust anchor points to, and has it variable all the same.
    return reinterpret_cast<unsigned char*>(const_cast<char*>(text.data()));
}

}  // namespace

TlsClient::TlsClient(const Authority& authority) : authority_(authority) {
    anchor_.dn = {bytesOf(authority_.name), authority_.name.size()};
    anchor_.flags = BR_X509_TA_CA;
    anchor_.pkey.key_type = BR_KEYTYPE_EC;
    anchor_.pkey.key.ec = {BR_EC_secp256r1, bytesOf(authority_.key), authority_.key.size()};

    br_x509_minimal_init(&x509_, &br_sha256_vtable, &anchor_, 1);
    br_x509_minimal_set_hash(&x509_, br_sha256_ID, &br_sha256_vtable);
    br_x509_minimal_set_ecdsa(&x509_, &br_ec_p256_m31, br_ecdsa_i31_vrfy_asn1);
    br_x509_minimal_set_time(&x509_, kToday, 0);

    br_ssl_client_zero(&client_);
    br_ssl_engine_set_versions(engine(), BR_TLS12, BR_TLS12);
    br_ssl_engine_set_suites(engine(), kSuites, std::size(kSuites));
    br_ssl_engine_set_hash(engine(), br_sha256_ID, &br_sha256_vtable);
    br_ssl_engine_set_prf_sha256(engine(), &br_tls12_sha256_prf);
    br_ssl_engine_set_default_chapol(engine());
    br_ssl_engine_set_default_aes_gcm(engine());
    br_ssl_engine_set_ec(engine(), &br_ec_p256_m31);
    br_ssl_engine_set_ecdsa(engine(), br_ecdsa_i31_vrfy_asn1);
    br_ssl_engine_add_flags(engine(), BR_OPT_NO_RENEGOTIATION);
    br_ssl_engine_set_x509(engine(), &x509_.vtable);
}

bool TlsClient::start(const Seed& seed) {
    established_ = false;
    br_ssl_engine_set_buffers_bidi(engine(), in_.data(), in_.size(), out_.data(), out_.size());
    br_ssl_engine_inject_entropy(engine(), seed.data(), seed.size());
    if (resumable_) {
        br_ssl_engine_set_session_parameters(engine(), &session_);
    }
    const bool resume = resumable_;
    // What comes of the session is known once the connection is established.
    resumable_ = false;
    return br_ssl_client_reset(&client_, authority_.serverName.c_str(), resume ? 1 : 0) == 1;
}

void TlsClient::noteProgress() {
    if (!established_ && (state() & BR_SSL_SENDAPP) != 0) {
        established_ = true;
        br_ssl_engine_get_session_parameters(engine(), &session_);
        resumable_ = session_.session_id_len > 0;
    }
}

Text TlsClient::sending() const {
    size_t size = 0;
    const unsigned char* const bytes = br_ssl_engine_sendrec_buf(engine(), &size);
    return bytes == nullptr ? Text() : Text(reinterpret_cast<const char*>(bytes), size);
}

void TlsClient::sent(size_t count) {
    br_ssl_engine_sendrec_ack(engine(), count);
    noteProgress();
}

TlsClient::Room TlsClient::receiving() const {
    size_t size = 0;
    unsigned char* const bytes = br_ssl_engine_recvrec_buf(engine(), &size);
    return {reinterpret_cast<char*>(bytes), bytes == nullptr ? 0 : size};
}

void TlsClient::received(size_t count) {
    br_ssl_engine_recvrec_ack(engine(), count);
    noteProgress();
}

size_t TlsClient::read(char* buffer, size_t size) {
    size_t there = 0;
    const unsigned char* const bytes = br_ssl_engine_recvapp_buf(engine(), &there);
    if (bytes == nullptr || size == 0) {
        return 0;
    }
    const size_t count = std::min(there, size);
    std::memcpy(buffer, bytes, count);
    br_ssl_engine_recvapp_ack(engine(), count);
    return count;
}

size_t TlsClient::write(Text bytes) {
    size_t room = 0;
    unsigned char* const to = br_ssl_engine_sendapp_buf(engine(), &room);
    if (to == nullptr || bytes.empty()) {
        return 0;
    }
    const size_t count = std::min(room, bytes.size);
    std::memcpy(to, bytes.data, count);
    br_ssl_engine_sendapp_ack(engine(), count);
    return count;
}

std::string TlsClient::why() const {
    const int error = br_ssl_engine_last_error(engine());
    return error == BR_ERR_OK ? "" : describeTlsError(error, authority_.serverName);
}

std::string describeTlsError(int error, const std::string& serverName) {
    const std::string number = " (BearSSL " + std::to_string(error) + ")";
    switch (error) {
        case BR_ERR_X509_NOT_TRUSTED:
        case BR_ERR_X509_DN_MISMATCH:
        case BR_ERR_X509_BAD_SIGNATURE:
            return "its certificate is not from the authority of this home: check --ca" + number;
        case BR_ERR_X509_BAD_SERVER_NAME:
            return "its certificate is not for " + serverName + ": it is not the gateway of this home" +
                   number;
        case BR_ERR_X509_EXPIRED:
            return "its certificate is not valid on 2020-06-01, the date at which boards check" + number;
        case BR_ERR_X509_CRITICAL_EXTENSION:
            return "its certificate has a critical extension that boards do not know" + number;
        case BR_ERR_X509_NOT_CA:
        case BR_ERR_X509_FORBIDDEN_KEY_USAGE:
            return "its certificate is not one for servers" + number;
        case BR_ERR_X509_UNSUPPORTED:
        case BR_ERR_X509_WRONG_KEY_TYPE:
        case BR_ERR_X509_WEAK_PUBLIC_KEY:
        case BR_ERR_INVALID_ALGORITHM:
        case BR_ERR_WRONG_KEY_USAGE:
            return "its certificate is not of the kind that boards check, P-256 with SHA-256" + number;
        case BR_ERR_BAD_SIGNATURE:
            return "it does not have the key of its certificate" + number;
        case BR_ERR_TOO_LARGE:
            return "it sends records longer than the " + std::to_string(TlsClient::kRecordMax) +
                   " bytes a board has room for" + number;
        case BR_ERR_UNSUPPORTED_VERSION:
        case BR_ERR_BAD_VERSION:
        case BR_ERR_UNKNOWN_TYPE:
            return "it does not speak TLS 1.2: is that a plain port?" + number;
        case BR_ERR_BAD_MAC:
            return "what it sent was changed on the way" + number;
        case BR_ERR_IO:
        case BR_ERR_NO_RANDOM:
            return "there is no randomness to make keys of" + number;
        default:
            break;
    }
    // BearSSL counts alerts on from these.
    if (error > BR_ERR_RECV_FATAL_ALERT && error < BR_ERR_SEND_FATAL_ALERT) {
        const int alert = error - BR_ERR_RECV_FATAL_ALERT;
        const bool nothingInCommon = alert == 40 || alert == 70 || alert == 71;
        return "it refused with TLS alert " + std::to_string(alert) +
               (nothingInCommon ? ": it has nothing in common with boards (TLS 1.2, P-256)" : "");
    }
    if (error >= BR_ERR_X509_OK && error < BR_ERR_RECV_FATAL_ALERT) {
        return "its certificate cannot be read" + number;
    }
    return "it does not keep to TLS" + number;
}

}  // namespace gatehouse::host
