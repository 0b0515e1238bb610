// One TCP connection that never blocks the loop.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "text.hpp"

namespace gatehouse::host {

class Connection {
  public:
    enum class State { Closed, Dialing, Open };

    Connection() = default;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    State state() const { return state_; }
    int fd() const { return fd_; }

    /// Begins to connect. False, and Closed, when that is impossible at once.
    bool dial(const std::string& host, uint16_t port);
    /// The socket became writable while dialing: true when the connection stands, else Closed.
    bool finishDial();
    /// Bytes read into `buffer`; 0 when there are none now; -1 when the peer has closed or the connection
    /// broke.
    ssize_t read(char* buffer, size_t size);
    /// As read: what was taken, 0, or -1.
    ssize_t write(Text bytes);
    void close();
    /// What losing power or Wi-Fi does: the peer is told nothing. The socket stays open, and nobody reads or
    /// writes it again.
    void abandon();
    /// Sends the rest, at most for `limitMs`, and waits until the peer has closed too, so that no reset
    /// overtakes the last words.
    void finish(Text rest, int limitMs);

  private:
    State state_ = State::Closed;
    int fd_ = -1;
    std::vector<int> abandoned_;
};

}  // namespace gatehouse::host
