// The port at which a board is claimed, while its window is open.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "text.hpp"

namespace gatehouse::host {

/// Listens, and has one connection at a time; others wait their turn.
class ClaimPort {
  public:
    /// The port, where it is free; else another.
    static constexpr uint16_t kPort = 8484;

    ClaimPort() = default;
    ClaimPort(const ClaimPort&) = delete;
    ClaimPort& operator=(const ClaimPort&) = delete;
    ~ClaimPort();

    /// Begins to listen. False when that is impossible.
    bool listen();
    /// Takes no further connection. The one there is stays.
    void ignore();
    /// Where it listens, or did last.
    uint16_t port() const { return port_; }

    /// To wait for what comes next; -1 when nothing can.
    int fd() const { return peer_ >= 0 ? peer_ : listener_; }
    bool connected() const { return peer_ >= 0; }
    /// Takes the next connection; false when there is none.
    bool accept();
    /// As Connection has them.
    ssize_t read(char* buffer, size_t size);
    ssize_t write(Text bytes);
    void hangUp();
    /// What losing power or Wi-Fi does.
    void abandon();

  private:
    int listener_ = -1;
    int peer_ = -1;
    uint16_t port_ = kPort;
};

}  // namespace gatehouse::host
