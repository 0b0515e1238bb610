// gatehouse-board: a relay board without the board.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "authority.hpp"
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

/// A certificate in PEM form, with room for what people write above it.
constexpr size_t kCaFileMax = 16384;

int fail(int code, const std::string& error) {
    std::fprintf(stderr, "gatehouse-board: %s\n", error.c_str());
    return code;
}

Text view(const std::string& text) {
    return {text.data(), text.size()};
}

/// At most `max` bytes of a file; empty when there is no readable one.
std::string readFile(const std::string& path, size_t max) {
    std::ifstream file(path, std::ios::binary);
    std::string bytes(max, '\0');
    file.read(bytes.data(), static_cast<std::streamsize>(max));
    bytes.resize(static_cast<size_t>(file.gcount()));
    return bytes;
}

/// The secret without the line end an editor leaves.
std::string readSecret(const std::string& path) {
    std::string secret = readFile(path, 256);
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

/// Stores the authority of `path`, or removes the one stored when `path` is empty; 0 or an exit code.
int provisionAuthority(const std::string& path, Settings& settings) {
    std::string der;
    if (!path.empty()) {
        const std::string pem = readFile(path, kCaFileMax);
        Authority authority;
        std::string why = "it cannot be read, or is empty";
        if (pem.empty() || !decodePem(pem, der, why) || !readAuthority(der, authority, why)) {
            return fail(kUsageError,
                        "--ca " + path + " must be the certificate of the home's authority: " + why);
        }
    }
    return settings.setAuthority(view(der)) ? 0
                                            : fail(kFailed, "cannot write the authority to the flash file");
}

/// Writes what the command line gives into the flash, as provisioning would; 0 or an exit code.
int provision(const Options& options, FileFlash& flash) {
    Settings settings(flash);
    if (!settings.load()) {
        return fail(kFailed, "cannot read or format the flash file " + options.flash);
    }
    const bool given =
        options.caFile || !options.id.empty() || !options.gatewayHost.empty() || !options.wifiSsid.empty();
    if (given && settings.trial() != Settings::Trial::None && !settings.strikeOut()) {
        return fail(kFailed, "cannot write to the flash file " + options.flash);
    }
    // First of all: what is stored before it would outlive it.
    if (const int code = options.caFile ? provisionAuthority(*options.caFile, settings) : 0) {
        return code;
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

/// Whether the authority the flash holds can be used: the board would dial nobody with one that cannot.
bool checkAuthority(FileFlash& flash, std::string& error) {
    Settings settings(flash);
    Authority authority;
    char der[Settings::kAuthorityMax];
    size_t size = 0;
    error = "it cannot be read";
    if (!settings.load()) {
        return false;
    }
    // One that is on trial may be anything: what was there before comes back by itself.
    return !settings.secured() || settings.trial() != Settings::Trial::None ||
           (settings.authority(der, sizeof der, size) &&
            readAuthority(std::string(der, size), authority, error));
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
    if (!checkAuthority(flash, error)) {
        return fail(kFailed, "the authority in " + options.flash + " is of no use: " + error +
                                 "; give it again with --ca");
    }
    return VirtualBoard(options, flash).run();
}
