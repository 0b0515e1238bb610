// Asks the local network where the gateway is.
#pragma once

#include <string>
#include <vector>

#include "mdns.hpp"

namespace gatehouse::host {

/// One question by mDNS from a port of its own, so that answers come to us alone (RFC 6762, section 6.7).
class Browser {
  public:
    Browser() = default;
    Browser(const Browser&) = delete;
    Browser& operator=(const Browser&) = delete;
    ~Browser() { close(); }

    /// Asks on every network for the gateway of `home`. Answers, if any, make `fd` readable.
    void ask(const std::string& home);
    int fd() const { return fd_; }
    std::vector<Found> read();
    void close();

  private:
    int fd_ = -1;
    std::string home_;
};

}  // namespace gatehouse::host
