// Says by mDNS that a board is in the network and has no home.
#pragma once

#include <optional>
#include <vector>

#include "mdns_advert.hpp"

namespace gatehouse::host {

/// Announces, answers questions and says good-bye, on every network but loopback. A board's id is made of its
/// MAC address, which nobody else has: the name is not asked for before it is used (RFC 6762, section 8.1,
/// leaves that out for names known to be unique).
class Responder {
  public:
    /// The second announcement comes after the first (RFC 6762, section 8.3), and not within the second in
    /// which listeners keep what was said before beside it (section 10.2).
    static constexpr uint64_t kAgainMs = 1500;

    Responder() = default;
    Responder(const Responder&) = delete;
    Responder& operator=(const Responder&) = delete;
    ~Responder() { drop(); }

    /// From now on this is so.
    void say(const BoardAdvert& advert, uint64_t nowMs);
    /// It is not any more, and everybody is told.
    void withdraw();
    /// The same, and nobody is told: there is no network.
    void drop();

    int fd() const { return fd_; }
    /// There are questions.
    void answer();
    void tick(uint64_t nowMs);
    uint64_t nextDeadlineMs() const { return againMs_; }

  private:
    struct Network {
        unsigned index;
        Address address;
    };

    bool open();
    void announce(uint32_t ttl);
    void send(const Network& network, const std::string& packet);

    int fd_ = -1;
    std::vector<Network> networks_;
    std::optional<BoardAdvert> advert_;
    uint64_t againMs_ = UINT64_MAX;
};

}  // namespace gatehouse::host
