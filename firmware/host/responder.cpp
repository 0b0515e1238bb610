#include "responder.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "mdns.hpp"

namespace gatehouse::host {
namespace {

constexpr uint16_t kPort = 5353;
constexpr uint32_t kGroup = 0xe00000fb;  // 224.0.0.251
/// Packets read in one go; whoever floods us is read again later.
constexpr int kPacketsMax = 16;

sockaddr_in at(uint32_t address, uint16_t port) {
    sockaddr_in out = {};
    out.sin_family = AF_INET;
    out.sin_port = htons(port);
    out.sin_addr.s_addr = htonl(address);
    return out;
}

}  // namespace

bool Responder::open() {
    fd_ = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int one = 1;
    const int hops = 255;
    const int none = 0;
    // Others on this machine speak mDNS too.
    setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(fd_, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    setsockopt(fd_, IPPROTO_IP, IP_PKTINFO, &one, sizeof one);
    setsockopt(fd_, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof hops);
    // Only what is asked on the networks that are joined.
    setsockopt(fd_, IPPROTO_IP, IP_MULTICAST_ALL, &none, sizeof none);
    const sockaddr_in any = at(INADDR_ANY, kPort);
    ifaddrs* all = nullptr;
    if (fd_ < 0 || bind(fd_, reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0 ||
        getifaddrs(&all) != 0) {
        return false;
    }
    for (const ifaddrs* one_of = all; one_of != nullptr; one_of = one_of->ifa_next) {
        constexpr unsigned kWanted = IFF_UP | IFF_MULTICAST;
        if (one_of->ifa_addr == nullptr || one_of->ifa_addr->sa_family != AF_INET ||
            (one_of->ifa_flags & (kWanted | IFF_LOOPBACK)) != kWanted) {
            continue;
        }
        ip_mreqn member = {};
        member.imr_multiaddr.s_addr = htonl(kGroup);
        member.imr_ifindex = static_cast<int>(if_nametoindex(one_of->ifa_name));
        if (setsockopt(fd_, IPPROTO_IP, IP_ADD_MEMBERSHIP, &member, sizeof member) == 0) {
            const in_addr own = reinterpret_cast<const sockaddr_in*>(one_of->ifa_addr)->sin_addr;
            networks_.push_back({static_cast<unsigned>(member.imr_ifindex), own.s_addr});
        }
    }
    freeifaddrs(all);
    return true;
}

void Responder::say(const BoardAdvert& advert, uint64_t nowMs) {
    if (fd_ < 0 && !open()) {
        return drop();
    }
    advert_ = advert;
    announce(kAdvertTtl);
    againMs_ = nowMs + kAgainMs;
}

void Responder::withdraw() {
    announce(0);
    drop();
}

void Responder::drop() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
    fd_ = -1;
    networks_.clear();
    advert_.reset();
    againMs_ = UINT64_MAX;
}

void Responder::tick(uint64_t nowMs) {
    if (nowMs >= againMs_) {
        againMs_ = UINT64_MAX;
        announce(kAdvertTtl);
    }
}

void Responder::announce(uint32_t ttl) {
    for (const Network& network : networks_) {
        if (advert_) {
            send(network, mdnsAnnouncement(*advert_, network.address, ttl));
        }
    }
}

void Responder::send(const Network& network, const std::string& packet) {
    ip_mreqn from = {};
    from.imr_ifindex = static_cast<int>(network.index);
    const sockaddr_in group = at(kGroup, kPort);
    if (setsockopt(fd_, IPPROTO_IP, IP_MULTICAST_IF, &from, sizeof from) == 0) {
        // A network that takes nothing will ask again.
        (void)sendto(fd_, packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&group),
                     sizeof group);
    }
}

void Responder::answer() {
    std::vector<char> buffer(kMdnsPacketMax);
    for (int packets = 0; packets < kPacketsMax && fd_ >= 0; ++packets) {
        sockaddr_in asker = {};
        alignas(cmsghdr) char control[CMSG_SPACE(sizeof(in_pktinfo))];
        iovec into = {buffer.data(), buffer.size()};
        msghdr message = {};
        message.msg_name = &asker;
        message.msg_namelen = sizeof asker;
        message.msg_iov = &into;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        const ssize_t count = recvmsg(fd_, &message, 0);
        if (count < 0) {
            return;
        }
        unsigned index = 0;
        for (cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(&message, one)) {
            if (one->cmsg_level == IPPROTO_IP && one->cmsg_type == IP_PKTINFO) {
                in_pktinfo info = {};
                std::memcpy(&info, CMSG_DATA(one), sizeof info);
                index = static_cast<unsigned>(info.ipi_ifindex);
            }
        }
        for (const Network& network : networks_) {
            if (network.index != index || !advert_) {
                continue;
            }
            const bool legacy = ntohs(asker.sin_port) != kPort;
            const std::string packet =
                answerMdns({buffer.data(), static_cast<size_t>(count)}, *advert_, network.address, legacy);
            if (packet.empty()) {
                continue;
            }
            if (!legacy) {
                send(network, packet);
            } else {
                (void)sendto(fd_, packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&asker),
                             sizeof asker);
            }
        }
    }
}

}  // namespace gatehouse::host
