// What the core needs from the board it runs on. The Arduino side and the host side implement it.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace gatehouse {

/// NodeMCU has eight pins that can carry a relay; fixed-size state is sized by this.
constexpr uint8_t kRelaysMax = 8;

/// How a relay is connected.
struct Wiring {
    /// The load hangs on the contact that is closed while the relay has no current.
    bool normallyClosed = false;
    /// The module pulls the relay when its input is low, as most with an optocoupler do.
    bool activeLow = false;

    bool operator==(Wiring other) const {
        return normallyClosed == other.normallyClosed && activeLow == other.activeLow;
    }
    bool operator!=(Wiring other) const { return !(*this == other); }
    /// Whether the pin is high while the load is as `on` says.
    bool levelFor(bool on) const { return (on != normallyClosed) != activeLow; }
};

/// The relay pins, in terms of the load: `true` is with current, whatever the wiring.
class Pins {
  public:
    /// From now on the relay is connected like this. Called before its first `write`, and whenever it becomes
    /// another; the pin stays at its level until it is written.
    virtual void wire(uint8_t relay, Wiring wiring) = 0;
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
