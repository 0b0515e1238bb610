// What the chip knows of itself.
#pragma once

#include <Arduino.h>
#include <ESP8266WiFi.h>

#include "boot_guard.hpp"
#include "hardware.hpp"

namespace gatehouse::esp8266 {

class Esp final : public Chip {
  public:
    uint32_t random() override { return os_random(); }
    int32_t rssiDbm() override { return WiFi.RSSI(); }
    uint32_t freeHeapBytes() override { return ESP.getFreeHeap(); }
};

/// Why the board started, for `system/restart-reason`.
inline Text restartReason() {
    switch (ESP.getResetInfoPtr()->reason) {
        case REASON_DEFAULT_RST:
            return "power-on"_t;
        case REASON_WDT_RST:
            return "hardware-watchdog"_t;
        case REASON_EXCEPTION_RST:
            return "exception"_t;
        case REASON_SOFT_WDT_RST:
            return "software-watchdog"_t;
        case REASON_SOFT_RESTART:
            return "restart"_t;
        case REASON_DEEP_SLEEP_AWAKE:
            return "deep-sleep"_t;
        case REASON_EXT_SYS_RST:
            return "reset"_t;
        default:
            return "unknown"_t;
    }
}

/// Four words of the RTC memory, which a reset leaves as it is and a power cut does not.
class RtcWord final : public BootMemory {
  public:
    bool load(uint32_t (&words)[kWords]) override {
        return ESP.rtcUserMemoryRead(kBlock, words, sizeof words);
    }
    bool store(uint32_t (&words)[kWords]) override {
        return ESP.rtcUserMemoryWrite(kBlock, words, sizeof words);
    }

  private:
    /// In blocks of four bytes; the first 128 bytes belong to updates.
    static constexpr uint32_t kBlock = 32;
};

}  // namespace gatehouse::esp8266
