#!/usr/bin/env python3
"""Hauspost and mls-rs in the same groups.

Needs the packages agentvault-mls-rs-uniffi (mls-rs by UniFFI, suite 1) and rine-mls (mls-rs with another face; here its suite 1), and our side built
(`make interop-build`). With --rine-xwing all of it in rine-mls's own form of X-Wing, which only our `--rine` speaks. `fixed` goes through every call that a peer's face offers, with public and with private handshakes of ours; `walk` lets members
of all kinds talk, propose, commit, come and go at random, after a seed. Every epoch, all must agree on an exported secret where a peer can export, and
read a message of each other.
"""
import argparse, base64, json, os, pathlib, random, subprocess, sys, tempfile, traceback

import mls_rs_uniffi as mls_rs
import rine_mls

HERE = pathlib.Path(__file__).parent
SUITE = 1


class Hauspost:
    """The process behind `--stdio`: methods are the runner's, bytes go as base64."""

    BYTES = {"group_id", "identity", "welcome", "ratchet_tree", "group_info", "plaintext", "authenticated_data", "ciphertext", "context",
             "key_package", "removed_id", "proposal_type", "commit"}
    LISTS = {"by_reference", "proposal"}

    def __init__(self, program, *flags):
        self.process = subprocess.Popen([program, "--stdio", *flags], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def encode(self, key, value):
        if isinstance(value, bytes):
            return base64.b64encode(value).decode()
        if isinstance(value, list):
            return [self.encode(key, v) for v in value]
        if isinstance(value, dict):
            return {k: self.encode(k, v) for k, v in value.items()}
        return value

    def __call__(self, method, **request):
        line = json.dumps({"method": method, "request": {k: self.encode(k, v) for k, v in request.items()}})
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["response"]

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


def raw(response, key):
    return base64.b64decode(response.get(key, ""))


class Ours:
    kind = "Hauspost"

    def __init__(self, house, name, private):
        self.house, self.name, self.private = house, name, private

    def key_package(self):
        made = self.house("CreateKeyPackage", cipher_suite=SUITE, identity=self.name)
        self.transaction = made["transactionId"]
        return raw(made, "keyPackage")

    def create(self, group_id):
        self.state = self.house("CreateGroup", group_id=group_id, cipher_suite=SUITE, encrypt_handshake=self.private, identity=self.name)["stateId"]

    def join(self, welcome):
        self.state = self.house("JoinGroup", transaction_id=self.transaction, welcome=welcome, encrypt_handshake=self.private,
                                identity=self.name)["stateId"]

    def join_externally(self, group_info, resync=False):
        made = self.house("ExternalJoin", group_info=group_info, identity=self.name, encrypt_handshake=self.private, remove_prior=resync)
        self.state = made["stateId"]
        return raw(made, "commit")

    def group_info(self):
        return raw(self.house("GroupInfo", state_id=self.state), "groupInfo")

    def encrypt(self, data, authenticated=b""):
        return raw(self.house("Protect", state_id=self.state, plaintext=data, authenticated_data=authenticated), "ciphertext")

    def decrypt(self, message):
        return raw(self.house("Unprotect", state_id=self.state, ciphertext=message), "plaintext")

    def export(self):
        return raw(self.house("Export", state_id=self.state, label="interop", context=b"context", key_length=32), "exportedSecret")

    def propose_add(self, key_package):
        return raw(self.house("AddProposal", state_id=self.state, key_package=key_package), "proposal")

    def propose_remove(self, member):
        return raw(self.house("RemoveProposal", state_id=self.state, removed_id=member.name), "proposal")

    def propose_update(self):
        return raw(self.house("UpdateProposal", state_id=self.state), "proposal")

    def commit(self, proposals=(), add=(), remove=(), force_path=True):
        """The commit and its Welcomes; the committer has moved on."""
        by_value = [{"proposal_type": b"add", "key_package": k} for k in add]
        by_value += [{"proposal_type": b"remove", "removed_id": m.name} for m in remove]
        made = self.house("Commit", state_id=self.state, by_reference=list(proposals), by_value=by_value, force_path=force_path)
        self.house("HandlePendingCommit", state_id=self.state)
        return raw(made, "commit"), [raw(made, "welcome")] if "welcome" in made else []

    def take_proposal(self, message):
        pass  # handed over with the commit

    def take_commit(self, commit, proposals=()):
        self.house("HandleCommit", state_id=self.state, commit=commit, proposal=list(proposals))

    can_propose = can_combine = can_export = True


class MlsRs:
    kind = "mls-rs"
    can_propose = can_export = True
    can_combine = False  # a commit adds or removes, not both

    def __init__(self, house, name, private):
        self.name = name
        self.client = mls_rs.Client(name, mls_rs.generate_signature_keypair(mls_rs.CipherSuite.CURVE25519_AES128), mls_rs.client_config_default())
        self.known = {}

    def key_package(self):
        return self.client.generate_key_package_message().to_bytes()

    def create(self, group_id):
        self.group = self.client.create_group(None)

    def join(self, welcome):
        self.group = self.client.join_group(None, mls_rs.Message.from_bytes(welcome)).group

    def take(self, message):
        return self.group.process_incoming_message(mls_rs.Message.from_bytes(message))

    def encrypt(self, data, authenticated=b""):
        return self.group.encrypt_application_message(data).to_bytes()

    def decrypt(self, message):
        received = self.take(message)
        assert received.is_application_message(), received
        # The wheel names people by objects that it alone can make; the sender of a message is one.
        self.known[received.data] = received.sender
        return received.data

    def export(self):
        return self.group.export_secret(b"interop", b"context", 32)

    def identity(self, member):
        """Of somebody who has sent this member its name."""
        return member.client.signing_identity() if isinstance(member, MlsRs) else self.known[member.name]

    def propose_add(self, key_package):
        return self.group.propose_add_members([mls_rs.Message.from_bytes(key_package)])[0].to_bytes()

    def propose_remove(self, member):
        return self.group.propose_remove_members([self.identity(member)])[0].to_bytes()

    def commit(self, proposals=(), add=(), remove=()):
        if add:
            made = self.group.add_members([mls_rs.Message.from_bytes(k) for k in add])
        elif remove:
            made = self.group.remove_members([self.identity(m) for m in remove])
        else:
            made = self.group.commit()
        self.group.process_incoming_message(made.commit_message)
        return made.commit_message.to_bytes(), [made.welcome_message.to_bytes()] if made.welcome_message else []

    def take_proposal(self, message):
        assert self.take(message).is_received_proposal()

    def take_commit(self, commit, proposals=()):
        assert self.take(commit).is_commit()


class Rine:
    kind = "rine-mls"
    can_propose = can_combine = can_export = False
    folder = tempfile.mkdtemp()

    def __init__(self, house, name, private):
        self.client = rine_mls.MlsClient(os.path.join(self.folder, os.urandom(8).hex()), os.urandom(32), SUITE)
        self.name = self.client.public_key()  # its clients are named so

    def key_package(self):
        return self.client.generate_key_package()

    def create(self, group_id):
        self.group = self.client.create_group(group_id)

    def join(self, welcome):
        self.group = self.client.join_from_welcome(welcome)

    def join_externally(self, group_info, resync=False):
        self.group = (self.client.resync_by_external_commit(group_info, self.group.current_member_index()) if resync
                      else self.client.join_by_external_commit(group_info))
        return self.group.last_commit().commit

    def group_info(self):
        return self.group.group_info()

    def encrypt(self, data, authenticated=b""):
        message = self.group.encrypt_application_message(data)
        assert message[:1] == b"\x04"  # a tag of its own
        return message[1:]

    def decrypt(self, message):
        return self.group.decrypt_application_message(b"\x04" + message).envelope

    def commit(self, proposals=(), add=(), remove=()):
        made = self.group.add_members(list(add)) if add else self.group.remove_member(self.group.member_index(remove[0].name))
        return made.commit, made.welcomes

    def take_proposal(self, message):
        raise NotImplementedError

    def take_commit(self, commit, proposals=()):
        self.group.apply_commit(commit)


class Crowd:
    """A group's members, and what they must agree on."""

    def __init__(self, house, seed, private):
        self.house, self.random, self.private, self.count, self.messages, self.commits = house, random.Random(seed), private, 0, 0, 0
        self.members, self.proposals = [], []

    def newcomer(self, kind):
        self.count += 1
        return kind(self.house, b"%s %d" % (kind.kind.encode(), self.count), self.private)

    def create(self, creator):
        creator.create(os.urandom(16))
        self.members = [creator]

    def say(self, sender, text=None):
        """The sender's name by default, so that all know it."""
        text = text or sender.name
        message = sender.encrypt(text, b"authenticated")
        for other in self.members:
            if other is not sender:
                assert other.decrypt(message) == text, f"{other.kind} reads {sender.kind} wrongly"
        self.messages += 1

    def propose(self, sender, message):
        for other in self.members:
            if other is not sender:
                other.take_proposal(message)
        self.proposals.append(message)

    def commit(self, committer, add=(), remove=(), proposed_add=(), proposed_remove=(), **options):
        """Newcomers join, the removed leave, all others follow."""
        commit, welcomes = committer.commit(self.proposals, [k for _, k in add], remove, **options)
        gone = list(remove) + list(proposed_remove)
        for other in self.members:
            if other is not committer and other not in gone:
                other.take_commit(commit, self.proposals)
        self.members = [m for m in self.members if m not in gone]
        for newcomer, _ in list(add) + list(proposed_add):
            # One Welcome for all, or one for each.
            joined = False
            for welcome in welcomes:
                try:
                    newcomer.join(welcome)
                    joined = True
                    break
                except Exception:
                    if len(welcomes) == 1:
                        raise
            assert joined, f"no Welcome for {newcomer.kind}"
            self.members.append(newcomer)
        self.proposals = []
        self.commits += 1
        self.check()

    def external(self, newcomer, group_info_of, resync=False):
        commit = newcomer.join_externally(group_info_of.group_info(), resync)
        for other in self.members:
            if other is not newcomer:
                other.take_commit(commit)
        if not resync:
            self.members.append(newcomer)
        self.commits += 1
        self.check()

    def check(self):
        secrets = {m.export() for m in self.members if m.can_export}
        assert len(secrets) <= 1, "exported secrets differ"
        for member in self.members:
            self.say(member)


def fixed(house, peer, private):
    done = []
    for creator, other in ((Ours, peer), (peer, Ours)):
        crowd = Crowd(house, 0, private)
        a = crowd.newcomer(creator)
        crowd.create(a)
        b, c, d = crowd.newcomer(other), crowd.newcomer(Ours), crowd.newcomer(peer)
        crowd.commit(a, add=[(b, b.key_package())])
        crowd.commit(b, add=[(c, c.key_package()), (d, d.key_package())])
        for i in range(20):
            crowd.say(a, b"a%d" % i)
            crowd.say(b, bytes(i * 100 + 1))
        done += ["Welcomes both ways", "messages both ways"]
        for member in (a, b, c, d):
            if not isinstance(member, Rine):
                crowd.commit(member)
        done.append("empty commits")
        if all(m.can_propose for m in crowd.members):
            for proposer, committer in ((a, b), (b, a), (c, d), (d, c)):
                e = crowd.newcomer(other)
                key_package = e.key_package()
                crowd.propose(proposer, proposer.propose_add(key_package))
                crowd.commit(committer, proposed_add=[(e, key_package)])
                crowd.propose(proposer, proposer.propose_remove(e))
                crowd.commit(committer, proposed_remove=[e])
            done += ["Adds by reference", "Removes by reference"]
        ours = [m for m in crowd.members if isinstance(m, Ours)]
        if peer is not Rine:
            for proposer in ours:
                for committer in crowd.members:
                    if committer is not proposer:
                        crowd.propose(proposer, proposer.propose_update())
                        crowd.commit(committer)
            done.append("our Updates by reference")
        crowd.commit(a, remove=[c])
        crowd.commit(d, remove=[b])
        done.append("Removes")
        if hasattr(peer, "join_externally"):
            e, f = crowd.newcomer(Ours), crowd.newcomer(peer)
            crowd.external(e, d)
            crowd.external(f, e)
            done.append("external joins both ways")
            crowd.external(e, f, resync=True)
            crowd.external(f, e, resync=True)
            done.append("resyncs both ways")
    print(f"ok    {peer.kind}, suite {SUITE}, our handshakes {'private' if private else 'public'}: " + ", ".join(dict.fromkeys(done)))


def walk(house, peers, seed, steps, private, limit):
    crowd = Crowd(house, seed, private)
    pick = crowd.random
    crowd.create(crowd.newcomer(pick.choice([Ours] + peers)))
    for _ in range(steps):
        committer = pick.choice(crowd.members)
        proposals_allowed = all(m.can_propose for m in crowd.members)
        added, removed = [], []
        proposers = {committer}
        if proposals_allowed and len(crowd.members) > 2:
            for _ in range(pick.randrange(4)):
                proposer = pick.choice(crowd.members)
                action = pick.choice(["add", "remove", "update"])
                if action == "add":
                    newcomer = crowd.newcomer(pick.choice([Ours] + peers))
                    key_package = newcomer.key_package()
                    crowd.propose(proposer, proposer.propose_add(key_package))
                    added.append((newcomer, key_package))
                elif action == "remove" and len(crowd.members) - len(removed) > 3:
                    target = pick.choice([m for m in crowd.members if m not in proposers and m not in removed] or [None])
                    if target and target is not proposer and proposer not in removed:
                        crowd.propose(proposer, proposer.propose_remove(target))
                        removed.append(target)
                elif action == "update" and isinstance(proposer, Ours) and proposer not in proposers and proposer not in removed:
                    crowd.propose(proposer, proposer.propose_update())
                    proposers.add(proposer)
        by_value_add, by_value_remove = [], []
        if len(crowd.members) + len(added) < limit and pick.random() < 0.5 or len(crowd.members) == 1:
            for _ in range(pick.randint(1, 3)):
                newcomer = crowd.newcomer(pick.choice([Ours] + peers))
                by_value_add.append((newcomer, newcomer.key_package()))
        elif len(crowd.members) - len(removed) > 3 and pick.random() < 0.5 or isinstance(committer, Rine):
            candidates = [m for m in crowd.members if m not in proposers and m not in removed]
            if candidates:
                by_value_remove = [pick.choice(candidates)]
            else:
                newcomer = crowd.newcomer(Ours)
                by_value_add = [(newcomer, newcomer.key_package())]
        crowd.commit(committer, add=by_value_add, remove=by_value_remove, proposed_add=added, proposed_remove=removed)
    kinds = {k: sum(m.kind == k for m in crowd.members) for k in {m.kind for m in crowd.members}}
    print(f"ok    {peers[0].kind}, suite {SUITE}, walk with seed {seed}, {steps} steps, our handshakes {'private' if private else 'public'}: {crowd.commits} commits, "
          f"{crowd.messages} messages, {crowd.count} clients; at the end {kinds}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(HERE / ".build/release/hauspost-interop"))
    parser.add_argument("--seeds", type=int, default=3, help="how many walks, from seed 1")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rine-xwing", action="store_true", help="only rine-mls, in its suite 0xF057")
    parser.add_argument("--limit", type=int, default=20, help="members above which nobody is added")
    options = parser.parse_args()
    global SUITE
    if options.rine_xwing:
        SUITE = rine_mls.CIPHER_SUITE_XWING
    house, failed = Hauspost(options.program, *["--rine"] * options.rine_xwing), 0
    peers = [Rine] if options.rine_xwing else [MlsRs, Rine]

    def attempt(name, test, *arguments):
        nonlocal failed
        try:
            test(*arguments)
        except Exception:
            failed += 1
            print(f"FAIL  {name}")
            traceback.print_exc(file=sys.stdout)
        sys.stdout.flush()

    for peer in peers:
        for private in (False, True):
            attempt(f"{peer.kind}, private {private}", fixed, house, peer, private)
    for seed in range(1, options.seeds + 1):
        for private in (False, True):
            for peer in peers:
                attempt(f"walk {seed} with {peer.kind}", walk, house, [peer], seed, options.steps, private, options.limit)
    house.close()
    print("all agree" if not failed else f"{failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
