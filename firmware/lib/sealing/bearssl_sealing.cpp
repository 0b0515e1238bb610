#include "bearssl_sealing.hpp"

#if __has_include(<bearssl/bearssl.h>)
#include <bearssl/bearssl.h>
#else
#include <bearssl.h>
#endif

namespace gatehouse {
namespace {

constexpr Text kKeys = "gatehouse claim 1 keys"_t;

/// Multiplies by a secret, in the order of RFC 7748, which BearSSL clamps. False only for a curve it does not
/// know.
bool multiply(const char (&secret)[kClaimKeySize], char (&point)[kClaimKeySize]) {
    // With multiplications of 16 bits, which an ESP8266 does in one step.
    return br_ec_c25519_m15.mul(reinterpret_cast<unsigned char*>(point), sizeof point,
                                reinterpret_cast<const unsigned char*>(secret), sizeof secret,
                                BR_EC_curve25519) == 1;
}

/// HKDF-SHA256 (RFC 5869), of which the BearSSL of the Arduino core has only the HMAC.
class Hkdf {
  public:
    Hkdf(Text salt, Text secret) {
        char pseudorandom[kClaimKeySize];
        mac(salt, {secret}, pseudorandom);
        br_hmac_key_init(&key_, &br_sha256_vtable, pseudorandom, sizeof pseudorandom);
        wipe(pseudorandom, sizeof pseudorandom);
    }
    ~Hkdf() {
        wipe(&key_, sizeof key_);
        wipe(block_, sizeof block_);
    }

    /// The next 32 bytes for this purpose.
    const char* next(Text purpose, Text id) {
        br_hmac_context context;
        br_hmac_init(&context, &key_, 0);
        if (blocks_ > 0) {
            br_hmac_update(&context, block_, sizeof block_);
        }
        ++blocks_;
        br_hmac_update(&context, purpose.data, purpose.size);
        br_hmac_update(&context, id.data, id.size);
        br_hmac_update(&context, &blocks_, 1);
        br_hmac_out(&context, block_);
        wipe(&context, sizeof context);
        return block_;
    }

  private:
    static void mac(Text key, Text bytes, char (&out)[kClaimKeySize]) {
        br_hmac_key_context keyed;
        br_hmac_context context;
        br_hmac_key_init(&keyed, &br_sha256_vtable, key.data, key.size);
        br_hmac_init(&context, &keyed, 0);
        br_hmac_update(&context, bytes.data, bytes.size);
        br_hmac_out(&context, out);
        wipe(&context, sizeof context);
    }

    br_hmac_key_context key_;
    char block_[kClaimKeySize] = {};
    uint8_t blocks_ = 0;
};

void run(const char (&key)[kClaimKeySize], Text transcript, char* bytes, size_t size, char* tag, bool seal) {
    // A key seals one message, so that the nonce may always be the same.
    const char nonce[12] = {};
    br_poly1305_ctmul32_run(key, nonce, bytes, size, transcript.data, transcript.size, tag,
                            br_chacha20_ct_run, seal ? 1 : 0);
}

}  // namespace

void BearSealing::hash(const Text* parts, size_t count, char (&out)[kClaimKeySize]) {
    br_sha256_context context;
    br_sha256_init(&context);
    for (size_t at = 0; at < count; ++at) {
        br_sha256_update(&context, parts[at].data, parts[at].size);
    }
    br_sha256_out(&context, out);
}

void BearSealing::publicKey(const char (&secret)[kClaimKeySize], char (&out)[kClaimKeySize]) {
    memset(out, 0, sizeof out);
    out[0] = 9;
    multiply(secret, out);
}

bool BearSealing::agree(const char (&secret)[kClaimKeySize], Text theirs, Text transcript, Text id,
                        ClaimKeys& out) {
    char shared[kClaimKeySize];
    if (theirs.size != sizeof shared) {
        return false;
    }
    memcpy(shared, theirs.data, sizeof shared);
    bool secretive = multiply(secret, shared);
    // With a point of small order all of it is zero, whatever our secret (RFC 7748, section 6.1).
    char any = 0;
    for (const char byte : shared) {
        any = static_cast<char>(any | byte);
    }
    secretive = secretive && any != 0;
    if (secretive) {
        Hkdf keys(transcript, {shared, sizeof shared});
        memcpy(out.gateway, keys.next(kKeys, id), sizeof out.gateway);
        memcpy(out.board, keys.next(kKeys, id), sizeof out.board);
        out.number = static_cast<uint8_t>(1 + static_cast<uint8_t>(*keys.next(kKeys, id)) % kClaimNumbers);
    }
    wipe(shared, sizeof shared);
    return secretive;
}

bool BearSealing::open(const char (&key)[kClaimKeySize], Text transcript, char* bytes, size_t size) {
    if (size < kClaimTagSize) {
        return false;
    }
    char tag[kClaimTagSize];
    const size_t length = size - kClaimTagSize;
    run(key, transcript, bytes, length, tag, false);
    char differs = 0;
    for (size_t at = 0; at < kClaimTagSize; ++at) {
        differs = static_cast<char>(differs | (tag[at] ^ bytes[length + at]));
    }
    return differs == 0;
}

void BearSealing::seal(const char (&key)[kClaimKeySize], Text transcript, char* bytes, size_t size) {
    run(key, transcript, bytes, size, bytes + size, true);
}

}  // namespace gatehouse
