// Authorities and certificates of homes, good and bad, made by OpenSSL; and servers that use them.
#pragma once

#include <unistd.h>

#include <memory>

#include "process.hpp"

namespace gatehouse::test {

inline std::string slurp(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Runs a program to its end, which has to be a good one; its stdout.
inline std::string run(const std::string& path, const std::vector<std::string>& arguments) {
    Process process(arguments, "/dev/null", path);
    std::string out;
    for (std::string line = process.line(); !line.empty(); line = process.line()) {
        out += line + "\n";
    }
    REQUIRE(process.exitCode() == 0);
    return out;
}

/// What a certificate may say; as it stands, that of a home's gateway for boards.
struct Leaf {
    std::string names = "DNS:0123abcd.gatehouse.internal";
    std::string from = "20200101000000Z";
    std::string until = "20991231235959Z";
    std::string curve = "P-256";
    /// Further lines of the extension section.
    std::string extensions;
};

/// A directory of certificates: `ca.pem`, and for each name given `NAME.pem` and `NAME.key`.
class Pki {
  public:
    explicit Pki(const std::string& subject = "/CN=Gatehouse 0123ABCD", const std::string& curve = "P-256",
                 const std::string& constraints = "critical,CA:TRUE,pathlen:0") {
        std::ofstream(file("ca.cnf")) << settings("basicConstraints=" + constraints +
                                                  "\nkeyUsage=critical,keyCertSign,cRLSign\n"
                                                  "nameConstraints=critical,permitted;DNS:internal\n");
        std::ofstream(file("index.txt"));
        request("ca", subject, curve);
        run("openssl",
            {"ca", "-batch", "-selfsign", "-config", file("ca.cnf"), "-in", file("ca.csr"), "-keyfile",
             file("ca.key"), "-out", ca(), "-startdate", "20200101000000Z", "-enddate", "20991231235959Z"});
    }

    std::string file(const std::string& name) const { return directory_.file(name); }
    std::string ca() const { return file("ca.pem"); }

    /// Signs one and returns its name.
    std::string sign(const std::string& name, const Leaf& leaf = Leaf()) {
        std::ofstream(file(name + ".cnf")) << settings(
            "keyUsage=critical,digitalSignature\nsubjectAltName=" + leaf.names + "\n" + leaf.extensions);
        request(name, "/CN=Gatehouse boards", leaf.curve);
        run("openssl", {"ca", "-batch", "-config", file(name + ".cnf"), "-in", file(name + ".csr"),
                        "-keyfile", file("ca.key"), "-cert", ca(), "-out", file(name + ".pem"), "-startdate",
                        leaf.from, "-enddate", leaf.until});
        return name;
    }

  private:
    std::string settings(const std::string& extensions) const {
        return "[ca]\ndefault_ca=home\n[home]\ndatabase=" + file("index.txt") +
               "\nnew_certs_dir=" + file("") +
               "\nrand_serial=yes\nunique_subject=no\ndefault_md=sha256\npolicy=any\nx509_extensions=ext\n"
               "[any]\ncommonName=supplied\norganizationName=optional\n[ext]\n" +
               extensions;
    }
    void request(const std::string& name, const std::string& subject, const std::string& curve) {
        run("openssl", {"req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:" + curve, "-nodes",
                        "-subj", subject, "-keyout", file(name + ".key"), "-out", file(name + ".csr")});
    }

    Directory directory_;
};

/// An address of this machine that belongs to this process, so that a port need not be searched for.
inline std::string ownAddress() {
    const auto pid = static_cast<unsigned>(getpid());
    return "127." + std::to_string(1 + (pid >> 16)) + "." + std::to_string((pid >> 8) & 255U) + "." +
           std::to_string(pid & 255U);
}

/// mosquitto with TLS on, and any login welcome.
class Broker {
  public:
    Broker(const Pki& pki, const std::string& certificate)
        : process_(configured(pki, certificate), "/dev/null", "/usr/sbin/mosquitto") {
        process_.errorLineWith("running");
    }
    Broker(const Broker&) = delete;

    std::string gateway = ownAddress() + ":8883";

    /// Publishes a message at QoS 1.
    void publish(const Pki& pki, const std::string& topic, const std::string& payload) const {
        run("mosquitto_pub", arguments(pki, {"-t", topic, "-m", payload}));
    }
    /// Prints every message to `topic`.
    std::unique_ptr<Process> subscribe(const Pki& pki, const std::string& topic) {
        auto process = std::make_unique<Process>(arguments(pki, {"-t", topic}), "/dev/null", "mosquitto_sub");
        process_.errorLineWith("Sending SUBACK");
        return process;
    }

  private:
    static std::vector<std::string> arguments(const Pki& pki, const std::vector<std::string>& more) {
        std::vector<std::string> all = {"-h",     ownAddress(), "-p", "8883", "--cafile",
                                        pki.ca(), "--insecure", "-q", "1"};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    static std::vector<std::string> configured(const Pki& pki, const std::string& certificate) {
        const std::string path = pki.file("mosquitto.conf");
        std::ofstream(path) << "listener 8883 " << ownAddress() << "\ncertfile "
                            << pki.file(certificate + ".pem") << "\nkeyfile "
                            << pki.file(certificate + ".key")
                            << "\nuser root\nallow_anonymous true\nlog_dest stderr\nlog_type all\n";
        return {"-c", path};
    }

    Process process_;
};

}  // namespace gatehouse::test
