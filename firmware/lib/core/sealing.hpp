// The cryptography of a claim in the network ("In the network" of gateway/wire/PROVISIONING.md), which is not
// the core's own.
#pragma once

#include "text.hpp"

namespace gatehouse {

constexpr size_t kClaimKeySize = 32;
constexpr size_t kClaimTagSize = 16;
/// The light blinks 1 to this.
constexpr uint8_t kClaimNumbers = 8;

/// What both sides of one claim have in common, and nobody else.
struct ClaimKeys {
    /// Of what the gateway seals.
    char gateway[kClaimKeySize] = {};
    /// Of what the board seals.
    char board[kClaimKeySize] = {};
    /// 1 to kClaimNumbers.
    uint8_t number = 0;
};

/// X25519, SHA-256, HKDF and ChaCha20-Poly1305. Implemented in lib/sealing, by BearSSL.
class Sealing {
  public:
    /// SHA-256 of the parts, one after the other.
    virtual void hash(const Text* parts, size_t count, char (&out)[kClaimKeySize]) = 0;
    /// The public key of a secret of 32 random bytes.
    virtual void publicKey(const char (&secret)[kClaimKeySize], char (&out)[kClaimKeySize]) = 0;
    /// What our secret and their public key make of this transcript, for the board `id`. False for a key with
    /// which nothing would be secret.
    virtual bool agree(const char (&secret)[kClaimKeySize], Text theirs, Text transcript, Text id,
                       ClaimKeys& out) = 0;
    /// Opens `size` bytes, the last kClaimTagSize of them the tag, where they are. False, and of no use, when
    /// they are not as they were sealed. A key seals one message only.
    virtual bool open(const char (&key)[kClaimKeySize], Text transcript, char* bytes, size_t size) = 0;
    /// Seals `size` bytes where they are, and writes the tag behind them.
    virtual void seal(const char (&key)[kClaimKeySize], Text transcript, char* bytes, size_t size) = 0;

  protected:
    ~Sealing() = default;
};

/// Overwrites what must not stay in memory.
inline void wipe(void* bytes, size_t size) {
    volatile char* const at = static_cast<volatile char*>(bytes);
    for (size_t index = 0; index < size; ++index) {
        at[index] = 0;
    }
}

}  // namespace gatehouse
