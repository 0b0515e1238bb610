// Which pin of the board does what.
#pragma once

#include <stdint.h>

#include "hardware.hpp"

namespace gatehouse::esp8266 {

#ifndef GATEHOUSE_RELAYS
#define GATEHOUSE_RELAYS 2
#endif
#ifndef GATEHOUSE_ACTIVE_LOW
#define GATEHOUSE_ACTIVE_LOW 0
#endif
#ifndef GATEHOUSE_NORMALLY_CLOSED
#define GATEHOUSE_NORMALLY_CLOSED 0
#endif

constexpr uint8_t kRelayCount = GATEHOUSE_RELAYS;
static_assert(kRelayCount >= 1 && kRelayCount <= 2,
              "only D1 and D2 stay low from the first instant of a boot");

/// D1 and D2 stay low while the chip boots. Every other pin is high for a moment, or decides how it boots.
constexpr uint8_t kRelays[] = {5, 4};

/// How relays are connected, until the settings say otherwise.
constexpr Wiring kBuiltWiring = {GATEHOUSE_NORMALLY_CLOSED != 0, GATEHOUSE_ACTIVE_LOW != 0};

/// Wall buttons, one a relay, between D5 or D6 and ground.
constexpr uint8_t kButtons[] = {14, 12};

/// The FLASH button on the module, on D3, between it and ground.
constexpr uint8_t kFlashButton = 0;

/// The light on the module, on D4. It shines when the pin is low.
constexpr uint8_t kLight = 2;

}  // namespace gatehouse::esp8266
