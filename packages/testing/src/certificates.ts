import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A certificate and its key: PEM, and the files that hold them. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** Vouches for servers and clients, in a folder that goes with it. */
export interface Authority extends AsyncDisposable {
  /** Its own certificate. */
  readonly certFile: string;
  /** For a server at `names`, as `DNS:localhost` or `IP:127.0.0.1`, or a client that is called so. */
  issue(commonName: string, names?: readonly string[]): Promise<Certificate>;
}

/** Made by `openssl`, valid from now for a day. */
export async function createAuthority(name = "an authority"): Promise<Authority> {
  const folder = await mkdtemp(join(tmpdir(), "taem-authority-"));
  const openssl = (...args: string[]) => run("openssl", args, { cwd: folder });
  const elliptic = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await openssl(
    "req",
    "-x509",
    ...elliptic,
    "-days",
    "1",
    "-subj",
    `/CN=${name}`,
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
  );
  let issued = 0;
  return {
    certFile: join(folder, "ca.pem"),
    async issue(commonName, names = []) {
      const file = String(++issued);
      const [request, certFile, keyFile] = ["csr", "pem", "key"].map((suffix) =>
        join(folder, `${file}.${suffix}`),
      ) as [string, string, string];
      await openssl(
        "req",
        "-new",
        ...elliptic,
        "-subj",
        `/CN=${commonName}`,
        "-keyout",
        keyFile,
        "-out",
        request,
      );
      const extensions = join(folder, `${file}.ext`);
      await writeFile(extensions, names.length === 0 ? "" : `subjectAltName=${names.join(",")}\n`);
      const signer = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
      await openssl(
        "x509",
        "-req",
        "-in",
        request,
        ...signer,
        "-days",
        "1",
        "-extfile",
        extensions,
        "-out",
        certFile,
      );
      const [cert, key] = await Promise.all([readFile(certFile, "utf8"), readFile(keyFile, "utf8")]);
      return { cert, key, certFile, keyFile };
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}
