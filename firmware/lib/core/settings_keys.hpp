// Numbers in flash: never give one a second meaning. README.md lists them, with those set aside.
#pragma once

#include "journal.hpp"

namespace gatehouse {

constexpr Key kCredential{1, 0};
constexpr Key kGateway{2, 0};
constexpr Key kWifi{3, 0};
constexpr Key kRelayMask{5, 0};
constexpr Key kAuthority{6, 0};
constexpr Key kCandidateSecret{7, 0};
constexpr Key kNewCredential{8, 0};
constexpr Key kNewGateway{9, 0};
constexpr Key kNewWifi{10, 0};
constexpr Key kNewAuthority{11, 0};
constexpr Key kMark{12, 0};

constexpr Key kNetworkOrder{18, 0};

// Of each relay, from 0.
constexpr Key powerOnKey(uint8_t relay) {
    return {4, relay};
}
constexpr Key wiringKey(uint8_t relay) {
    return {13, relay};
}
constexpr Key pulseKey(uint8_t relay) {
    return {16, relay};
}
constexpr Key interlockKey(uint8_t relay) {
    return {17, relay};
}

/// What is about the relays, and stays when the home is forgotten.
constexpr bool isOfRelays(Key key) {
    return key.tag == kRelayMask.tag || key.tag == 4 || key.tag == 13 || key.tag == 16 || key.tag == 17;
}

/// Bits of kMark: what the candidate in flash is made of, and what has become of it. Without kNetwork and
/// kHere it is none.
namespace mark {
constexpr uint8_t kNetwork = 1;
constexpr uint8_t kHandover = 2;
constexpr uint8_t kAuthority = 4;
/// It has worked: whatever interrupts its adoption, it is finished.
constexpr uint8_t kWorked = 8;
/// It is a handover for the network the board is in.
constexpr uint8_t kHere = 16;
constexpr uint8_t kWhole = kNetwork | kHere;
/// The gateway ordered it: it has worked with a login only.
constexpr uint8_t kOrdered = 32;
}  // namespace mark

}  // namespace gatehouse
