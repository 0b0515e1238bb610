// What the core needs from the board it runs on. The Arduino side and the host side implement it.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace gatehouse {

/// NodeMCU has eight pins that can carry a relay; fixed-size state is sized by this.
constexpr uint8_t kRelaysMax = 8;

/// The relay pins, in terms of the relay: `true` is energised, whatever the wiring.
class Pins {
  public:
    virtual void write(uint8_t relay, bool on) = 0;
    /// The level the pin really has now, not the one last written.
    virtual bool read(uint8_t relay) = 0;

  protected:
    ~Pins() = default;
};

/// Two sectors of NOR flash: erasing sets every bit, writing only clears bits.
class Flash {
  public:
    static constexpr uint32_t kSectorSize = 4096;
    static constexpr uint32_t kSectors = 2;

    virtual bool read(uint32_t offset, void* out, size_t size) = 0;
    virtual bool write(uint32_t offset, const void* bytes, size_t size) = 0;
    virtual bool erase(uint32_t sector) = 0;

  protected:
    ~Flash() = default;
};

/// Randomness and readings.
class Chip {
  public:
    virtual uint32_t random() = 0;
    /// Signal strength in dBm.
    virtual int32_t rssiDbm() = 0;
    virtual uint32_t freeHeapBytes() = 0;

  protected:
    ~Chip() = default;
};

}  // namespace gatehouse
