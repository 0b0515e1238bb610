// The cryptography of a claim by BearSSL: the one that Debian has, and the one in the Arduino core of the
// ESP8266.
#pragma once

#include "sealing.hpp"

namespace gatehouse {

class BearSealing final : public Sealing {
  public:
    void hash(const Text* parts, size_t count, char (&out)[kClaimKeySize]) override;
    void publicKey(const char (&secret)[kClaimKeySize], char (&out)[kClaimKeySize]) override;
    bool agree(const char (&secret)[kClaimKeySize], Text theirs, Text transcript, Text id,
               ClaimKeys& out) override;
    bool open(const char (&key)[kClaimKeySize], Text transcript, char* bytes, size_t size) override;
    void seal(const char (&key)[kClaimKeySize], Text transcript, char* bytes, size_t size) override;
};

}  // namespace gatehouse
