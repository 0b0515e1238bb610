// Which commands, new secrets and other orders are too old to obey.
#pragma once

#include "wire.hpp"

namespace gatehouse {

/// Lets a command through once, in order, in its own session and in time.
class CommandGate {
  public:
    /// A new MQTT connection: commands of every earlier session are stale from here on.
    void open(uint32_t session) {
        session_ = session;
        lastSeq_ = 0;
    }

    /// True when the command may be obeyed. The sequence of a command of this session counts as seen
    /// whatever the answer.
    bool admit(const wire::Command& command, uint64_t uptimeMs) {
        return admit(command.id) && command.deadlineMs > uptimeMs;
    }
    /// The same for what has no deadline.
    bool admit(wire::CommandId id) {
        if (session_ == 0 || id.session != session_ || id.seq <= lastSeq_) {
            return false;
        }
        lastSeq_ = id.seq;
        return true;
    }

  private:
    uint32_t session_ = 0;
    uint32_t lastSeq_ = 0;
};

}  // namespace gatehouse
