// The light on the module, for whoever stands before it.
#pragma once

#include <Arduino.h>

#include "status_light.hpp"
#include "wiring.hpp"

namespace gatehouse::esp8266 {

class Light {
  public:
    void begin() {
        digitalWrite(kLight, HIGH);
        pinMode(kLight, OUTPUT);
    }
    /// `number` is that of LightMeaning::Number.
    void show(LightMeaning meaning, uint64_t nowMs, uint8_t number) {
        digitalWrite(kLight, lit(meaning, nowMs, number) ? LOW : HIGH);
    }
};

}  // namespace gatehouse::esp8266
