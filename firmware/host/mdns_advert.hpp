// What a board without a home says of itself by mDNS, as packets (RFC 6762, RFC 6763). It owns no socket.
#pragma once

#include <cstdint>
#include <string>

#include "text.hpp"

namespace gatehouse::host {

/// One instance of `_gatehouse._tcp`.
struct BoardAdvert {
    std::string id;
    std::string mac;
    std::string model;
    std::string firmware;
    /// Its window is open, at `port`.
    bool open = false;
    uint16_t port = 0;

    bool operator==(const BoardAdvert& other) const {
        return id == other.id && mac == other.mac && model == other.model && firmware == other.firmware &&
               open == other.open && port == other.port;
    }
};

/// Seconds for which what is said may be kept: a board that loses its power says no good-bye.
constexpr uint32_t kAdvertTtl = 120;

/// An IPv4 address, in the order of the network.
using Address = uint32_t;

/// What is said unasked, to everybody; with `ttl` 0, that nothing of it is so any more.
std::string mdnsAnnouncement(const BoardAdvert& advert, Address address, uint32_t ttl);

/// The answer to a packet that asks for any of it; empty when it does not, or knows already. `legacy`: who
/// asks speaks plain DNS from a port of its own, and wants its question back (RFC 6762, section 6.7).
std::string answerMdns(Text packet, const BoardAdvert& advert, Address address, bool legacy);

}  // namespace gatehouse::host
