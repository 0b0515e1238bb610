// The relays at their pins.
#pragma once

#include <Arduino.h>

#include "wiring.hpp"

namespace gatehouse::esp8266 {

/// `on` means that the load has current, whatever the wiring.
class RelayPins final : public Pins {
  public:
    /// Before anything else at a start. The level is set before the pin drives it, so that none moves.
    void begin() {
        for (uint8_t relay = 0; relay < kRelayCount; ++relay) {
            write(relay, kRelays[relay].normallyClosed);
            pinMode(kRelays[relay].pin, OUTPUT);
            write(relay, kRelays[relay].normallyClosed);
        }
    }

    void write(uint8_t relay, bool on) override {
        digitalWrite(kRelays[relay].pin, levelFor(relay, on) ? HIGH : LOW);
    }
    bool read(uint8_t relay) override {
        return (digitalRead(kRelays[relay].pin) == HIGH) == levelFor(relay, true);
    }

  private:
    static bool levelFor(uint8_t relay, bool on) {
        return (on != kRelays[relay].normallyClosed) != kRelays[relay].activeLow;
    }
};

}  // namespace gatehouse::esp8266
