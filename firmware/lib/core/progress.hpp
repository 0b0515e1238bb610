// How far a board has come on the way to its gateway, for whoever asks by the serial port.
#pragma once

#include "text.hpp"

namespace gatehouse {

/// The way, in order.
enum class Stage : uint8_t { Idle, Joining, Joined, Dialing, Securing, LoggingIn, Online };

/// Why it goes no further.
enum class Setback : uint8_t { None, NoNetwork, WrongPassword, NoAddress, Unreachable, Untrusted, Refused };

/// A setback is what is told until the board has come further than it. When a candidate was struck out for
/// it, it is told until there is another one: what the board does since then is not what was asked for.
class Progress {
  public:
    void reach(Stage stage);
    void setBack(Setback setback) { setback_ = held_ ? setback_ : setback; }
    void hold() { held_ = true; }
    void release() {
        held_ = false;
        setback_ = Setback::None;
    }
    Setback setback() const { return setback_; }
    Text word() const;

  private:
    Stage stage_ = Stage::Idle;
    Setback setback_ = Setback::None;
    bool held_ = false;
};

}  // namespace gatehouse
