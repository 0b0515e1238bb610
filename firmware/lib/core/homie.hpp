// The Homie 5 face of a relay board: names of topics, and the description document.
#pragma once

#include "settings.hpp"
#include "text.hpp"

namespace gatehouse {

/// What is fixed for a board: its hardware and the program on it. All texts must outlive the board.
struct BoardInfo {
    /// 1 to kRelaysMax.
    uint8_t relayCount = 1;
    Text model;
    Text firmware;
    /// `aa:bb:cc:dd:ee:ff`.
    Text mac;
    /// Six hexadecimal digits, the lower half of the MAC on an ESP8266.
    Text chipId;
    /// Why the board started, such as `power-on`.
    Text restartReason;
    /// How relays are connected for which nobody has said so.
    Wiring wiring;
    /// Safe mode (boot_guard.hpp): relays, buttons and the serial port work, but no network is joined unless
    /// somebody asks for one by that port.
    bool safe = false;
};

namespace homie {

constexpr Text kExtension = "org.gatehouse.command:1.0:[5.x]"_t;
constexpr Text kCredentialExtension = "org.gatehouse.credential:1.0:[5.x]"_t;

constexpr Text kNetworkExtension = "org.gatehouse.network:1.0:[5.x]"_t;
constexpr Text kSettingsExtension = "org.gatehouse.settings:1.0:[5.x]"_t;

/// `homie/5/<id>/`, the start of every topic of the board.
void writeBase(Writer& out, Text id);

/// `relay-N/<property>`; `relay` counts from 0, N from 1.
void writeRelay(Writer& out, uint8_t relay, Text property);

/// The relay that `topic` names as `relay-N/<property>`, counted from 0; -1 when it names none of `count`.
int parseRelay(Text topic, Text property, uint8_t count);

/// The `$description`. Its `version` changes when anything else in it does.
void writeDescription(Writer& out, const BoardInfo& info);

inline Text boolean(bool on) {
    return on ? "true"_t : "false"_t;
}

}  // namespace homie
}  // namespace gatehouse
