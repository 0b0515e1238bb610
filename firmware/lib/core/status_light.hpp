// What the one light of a board means.
#pragma once

#include <stdint.h>

namespace gatehouse {

enum class LightMeaning : uint8_t {
    /// Logged in at the gateway, and nothing to say: dark.
    Online,
    /// Nobody has given it a home: two flashes every two seconds.
    NoHome,
    /// On the way into the network: four flashes a second.
    Joining,
    /// In the network, on the way to the gateway: one second on, one off.
    Dialing,
    /// Safe mode: on, with a short gap every two seconds.
    Safe,
    /// Somebody asks which board this is: ten flashes a second.
    Identify,
    /// Whoever is in the network may claim it: two short flashes a second.
    Claim,
    /// Somebody claims it: as many flashes as the number says, and a pause of two seconds.
    Number,
};

/// Whether the light is on at `nowMs`. `number` is that of LightMeaning::Number.
inline bool lit(LightMeaning meaning, uint64_t nowMs, uint8_t number = 0) {
    const uint32_t at = static_cast<uint32_t>(nowMs % 2000);
    switch (meaning) {
        case LightMeaning::Online:
            return false;
        case LightMeaning::NoHome:
            return at < 100 || (at >= 300 && at < 400);
        case LightMeaning::Joining:
            return at % 250 < 125;
        case LightMeaning::Dialing:
            return at < 1000;
        case LightMeaning::Safe:
            return at >= 200;
        case LightMeaning::Identify:
            return at % 100 < 50;
        case LightMeaning::Claim:
            return at % 500 < 60;
        case LightMeaning::Number: {
            const uint32_t flashes = number * 500U;
            const uint32_t within = static_cast<uint32_t>(nowMs % (flashes + 1700U));
            return within < flashes && within % 500 < 200;
        }
    }
    return false;
}

}  // namespace gatehouse
