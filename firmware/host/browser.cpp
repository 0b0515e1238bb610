#include "browser.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace gatehouse::host {
namespace {

constexpr uint16_t kPort = 5353;
constexpr uint32_t kGroup = 0xe00000fb;  // 224.0.0.251
/// Packets read in one go; whoever floods us is read again later.
constexpr int kPacketsMax = 16;

}  // namespace

void Browser::ask(const std::string& home) {
    close();
    home_ = home;
    fd_ = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ifaddrs* all = nullptr;
    if (fd_ < 0 || getifaddrs(&all) != 0) {
        return close();
    }
    const std::string question = mdnsQuestion();
    sockaddr_in group = {};
    group.sin_family = AF_INET;
    group.sin_port = htons(kPort);
    group.sin_addr.s_addr = htonl(kGroup);
    for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
        constexpr unsigned kWanted = IFF_UP | IFF_MULTICAST;
        if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET ||
            (one->ifa_flags & kWanted) != kWanted) {
            continue;
        }
        const in_addr from = reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr;
        if (setsockopt(fd_, IPPROTO_IP, IP_MULTICAST_IF, &from, sizeof from) == 0) {
            // A network that takes no question gives no answer.
            (void)sendto(fd_, question.data(), question.size(), 0, reinterpret_cast<const sockaddr*>(&group),
                         sizeof group);
        }
    }
    freeifaddrs(all);
}

std::vector<Found> Browser::read() {
    std::vector<Found> all;
    std::vector<char> buffer(kMdnsPacketMax);
    for (int packets = 0; packets < kPacketsMax && fd_ >= 0; ++packets) {
        const ssize_t count = recv(fd_, buffer.data(), buffer.size(), MSG_TRUNC);
        if (count < 0) {
            break;
        }
        if (static_cast<size_t>(count) <= buffer.size()) {
            for (const Found& found : readMdnsAnswer({buffer.data(), static_cast<size_t>(count)}, home_)) {
                all.push_back(found);
            }
        }
    }
    return all;
}

void Browser::close() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
    fd_ = -1;
}

}  // namespace gatehouse::host
