// Where the gateway of a home is, as mDNS tells it (RFC 6762, RFC 6763). It owns no socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "text.hpp"

namespace gatehouse::host {

/// Something that says that it is the gateway. Whether it is shows when it is dialled.
struct Found {
    /// An IPv4 address in digits.
    std::string host;
    uint16_t port = 0;
};

/// The longest packet that is read (RFC 6762, section 17).
constexpr size_t kMdnsPacketMax = 9000;

/// One question: who offers `_gatehouse-hub._tcp.local`?
std::string mdnsQuestion();

/// What of an answer is about the home `home`: instances whose TXT record has `home=<home>` and whose SRV
/// record leads to addresses in the same packet; at most 8. Empty for packets that are none.
std::vector<Found> readMdnsAnswer(Text packet, const std::string& home);

}  // namespace gatehouse::host
