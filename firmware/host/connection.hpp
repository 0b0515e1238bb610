// One connection to the gateway that never blocks the loop: TCP, with TLS above it once it is secured.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "text.hpp"
#include "tls_client.hpp"

namespace gatehouse::host {

class Connection {
  public:
    enum class State { Closed, Dialing, Securing, Open };

    Connection() = default;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    /// From the next dial on it is TLS with a gateway of `authority`, or nothing. Forgets sessions.
    void secure(const Authority& authority);
    /// From the next dial on it is plain TCP.
    void unsecure();

    State state() const { return state_; }
    bool secured() const { return tls_ != nullptr; }
    int fd() const { return fd_; }
    /// It waits for the socket to become writable.
    bool wantsToSend() const;
    /// There are bytes to read that the socket does not know of.
    bool hasInput() const { return state_ == State::Open && tls_ != nullptr && tls_->hasInput(); }
    /// What went wrong with TLS since the last dial, in words; empty when that was not it.
    const std::string& why() const { return why_; }

    /// Begins to connect. False, and Closed, when that is impossible at once.
    bool dial(const std::string& host, uint16_t port);
    /// The socket became ready while dialing or securing: goes as far as it goes. Ends in Open or Closed, or
    /// in Securing when there is more to come.
    void advance();
    /// Bytes read into `buffer`; 0 when there are none now; -1 when the peer has closed or the connection
    /// broke.
    ssize_t read(char* buffer, size_t size);
    /// As read: what was taken, 0, or -1. With TLS, also sends what was taken before; bytes given together
    /// share a record.
    ssize_t write(Text bytes);
    void close();
    /// What losing power or Wi-Fi does: the peer is told nothing. The socket stays open, and nobody reads or
    /// writes it again.
    void abandon();
    /// Sends the rest, at most for `limitMs`, and waits until the peer has closed too, so that no reset
    /// overtakes the last words.
    void finish(Text rest, int limitMs);

  private:
    bool finishDial();
    bool beginTls();
    void shakeHands();
    /// What became of a step of TLS.
    enum class Step { Done, Waits, Ended };
    Step receiveRecord();
    /// Hands encrypted bytes to the socket. False when the connection broke.
    bool drain();
    ssize_t receive(char* buffer, size_t size);
    ssize_t writeSecured(Text bytes);
    void fail(const std::string& why);

    State state_ = State::Closed;
    int fd_ = -1;
    std::unique_ptr<TlsClient> tls_;
    std::string why_;
    std::vector<int> abandoned_;
};

}  // namespace gatehouse::host
