// The parts of a board that a process does not have: relay pins, a finger on a button, a radio.
#pragma once

#include <array>
#include <cstdint>
#include <random>

#include "hardware.hpp"

namespace gatehouse::host {

class SimulatedPins final : public Pins {
  public:
    void wire(uint8_t relay, Wiring wiring) override { pins_[relay].wiring = wiring; }
    void write(uint8_t relay, bool on) override { pins_[relay].high = pins_[relay].wiring.levelFor(on); }
    bool read(uint8_t relay) override {
        const Pin& pin = pins_[relay];
        return pin.stuck ? pin.stuckOn : pin.high == pin.wiring.levelFor(true);
    }

    /// A welded or broken relay: reads `on` whatever is written.
    void stick(uint8_t relay, bool on) {
        pins_[relay].stuck = true;
        pins_[relay].stuckOn = on;
    }
    /// From now on what is written counts again; the relay stays where it is until then.
    void unstick(uint8_t relay) {
        write(relay, read(relay));
        pins_[relay].stuck = false;
    }
    /// No power: every pin is low.
    void losePower() {
        for (Pin& pin : pins_) {
            pin.high = false;
        }
    }

  private:
    struct Pin {
        Wiring wiring;
        bool high = false;
        bool stuck = false;
        bool stuckOn = false;
    };
    std::array<Pin, kRelaysMax> pins_;
};

/// Presses wall buttons, and FLASH, as a person does: down long enough to count, then up, one press after
/// another.
class SimulatedFinger {
  public:
    /// After the wall buttons: the one on the module.
    static constexpr uint8_t kFlash = kRelaysMax;
    static constexpr uint64_t kDownMs = 60;
    static constexpr uint64_t kUpMs = 60;
    /// Presses of one button that may wait.
    static constexpr unsigned kWaitingMax = 100;

    bool press(uint8_t button) {
        Button& it = buttons_[button];
        if (it.waiting == kWaitingMax) {
            return false;
        }
        ++it.waiting;
        return true;
    }

    /// Calls `change(button, pressed)` for every level that changes now.
    template <typename Change>
    void move(uint64_t nowMs, Change change) {
        for (uint8_t at = 0; at < buttons_.size(); ++at) {
            Button& it = buttons_[at];
            if (nowMs < it.dueMs) {
                continue;
            }
            if (it.down) {
                it.down = false;
                it.dueMs = nowMs + kUpMs;
                change(at, false);
            } else if (it.waiting > 0) {
                --it.waiting;
                it.down = true;
                it.dueMs = nowMs + kDownMs;
                change(at, true);
            }
        }
    }

    uint64_t nextDeadlineMs() const {
        uint64_t due = UINT64_MAX;
        for (const Button& it : buttons_) {
            if ((it.down || it.waiting > 0) && it.dueMs < due) {
                due = it.dueMs;
            }
        }
        return due;
    }

  private:
    struct Button {
        unsigned waiting = 0;
        bool down = false;
        uint64_t dueMs = 0;
    };
    std::array<Button, kRelaysMax + 1> buttons_;
};

class SimulatedChip final : public Chip {
  public:
    uint32_t random() override { return device_(); }
    int32_t rssi = -55;

    int32_t rssiDbm() override { return rssi; }
    uint32_t freeHeapBytes() override { return 40000; }

  private:
    std::random_device device_;
};

}  // namespace gatehouse::host
