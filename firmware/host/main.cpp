// gatehouse-board: a relay board without the board.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>

#include "file_flash.hpp"
#include "options.hpp"
#include "settings.hpp"
#include "virtual_board.hpp"

namespace {

using namespace gatehouse;
using namespace gatehouse::host;

// Exit codes of every Gatehouse program.
constexpr int kFailed = 1;
constexpr int kUsageError = 2;
constexpr int kTemporary = 75;

int fail(int code, const std::string& error) {
    std::fprintf(stderr, "gatehouse-board: %s\n", error.c_str());
    return code;
}

Text view(const std::string& text) {
    return {text.data(), text.size()};
}

/// The secret without the line end an editor leaves; empty when there is no readable file.
std::string readSecret(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string secret((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) {
        secret.pop_back();
    }
    return secret;
}

/// Without this, a file opened later would pass for a standard stream that was closed at the start.
void holdStandardStreams() {
    int fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO) {
        fd = open("/dev/null", O_RDWR);
    }
    if (fd >= 0) {
        close(fd);
    }
}

/// Writes what the command line gives into the flash, as provisioning would; 0 or an exit code.
int provision(const Options& options, FileFlash& flash) {
    Settings settings(flash);
    if (!settings.load()) {
        return fail(kFailed, "cannot read or format the flash file " + options.flash);
    }
    if (!options.id.empty()) {
        const std::string secret = readSecret(options.secretFile);
        if (secret.empty() || secret.size() > 128) {
            return fail(kUsageError, "--secret-file " + options.secretFile +
                                         " must be a readable file with a secret of 1 to 128 bytes");
        }
        if (!settings.setCredential(view(options.id), view(secret))) {
            return fail(kFailed, "cannot write the credential to " + options.flash);
        }
    }
    if (!options.gatewayHost.empty() &&
        !settings.setGateway(view(options.gatewayHost), options.gatewayPort)) {
        return fail(kFailed, "cannot write the gateway to " + options.flash);
    }
    if (!options.wifiSsid.empty() && !settings.setWifi(view(options.wifiSsid), view(options.wifiPassword))) {
        return fail(kFailed, "cannot write the Wi-Fi network to " + options.flash);
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    holdStandardStreams();
    Options options;
    std::string error;
    if (!parseOptions(argc, argv, options, error)) {
        return fail(kUsageError, error);
    }
    if (options.help) {
        std::fputs(kUsage, stdout);
        return 0;
    }
    FileFlash flash;
    const FileFlash::Opened opened = flash.open(options.flash, error);
    if (opened != FileFlash::Opened::Ok) {
        return fail(opened == FileFlash::Opened::Busy ? kTemporary : kFailed, error);
    }
    if (const int code = provision(options, flash)) {
        return code;
    }
    return VirtualBoard(options, flash).run();
}
