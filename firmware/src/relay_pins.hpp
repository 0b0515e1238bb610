// The relays at their pins.
#pragma once

#include <Arduino.h>

#include "wiring.hpp"

namespace gatehouse::esp8266 {

/// `on` means that the load has current, whatever the wiring. A pin is left as the chip starts it until it is
/// first written.
class RelayPins final : public Pins {
  public:
    void wire(uint8_t relay, Wiring wiring) override { wirings_[relay] = wiring; }

    void write(uint8_t relay, bool on) override {
        const uint8_t level = wirings_[relay].levelFor(on) ? HIGH : LOW;
        digitalWrite(kRelays[relay], level);
        if (!driven_[relay]) {
            // The level was set before the pin drives it, so that none moves.
            driven_[relay] = true;
            pinMode(kRelays[relay], OUTPUT);
            digitalWrite(kRelays[relay], level);
        }
    }
    bool read(uint8_t relay) override {
        return (digitalRead(kRelays[relay]) == HIGH) == wirings_[relay].levelFor(true);
    }

  private:
    Wiring wirings_[kRelayCount];
    bool driven_[kRelayCount] = {};
};

}  // namespace gatehouse::esp8266
