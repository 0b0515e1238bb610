// Two sectors of the chip's flash for the settings journal.
#pragma once

#include <Arduino.h>

#include "hardware.hpp"

/// Where the linker script of the Arduino core puts the sector that its EEPROM library would use.
extern "C" uint32_t _EEPROM_start;

namespace gatehouse::esp8266 {

/// That sector, and the one before it: there is no file system in this firmware that could claim it. Neither
/// is touched by an update of the program.
class SectorFlash final : public Flash {
  public:
    bool read(uint32_t offset, void* out, size_t size) override {
        return ESP.flashRead(begin() + offset, static_cast<uint8_t*>(out), size);
    }
    bool write(uint32_t offset, const void* bytes, size_t size) override {
        return ESP.flashWrite(begin() + offset, static_cast<const uint8_t*>(bytes), size);
    }
    bool erase(uint32_t sector) override { return ESP.flashEraseSector(begin() / kSectorSize + sector); }

  private:
    /// Flash is mapped from this address on.
    static constexpr uint32_t kMapped = 0x40200000;

    static uint32_t begin() {
        return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(&_EEPROM_start)) - kMapped - kSectorSize;
    }
};

}  // namespace gatehouse::esp8266
