// What the browser keeps between visits: the device's key, which cannot be taken out of it, and the token that the gateway
// gave to this device. Both live in IndexedDB, the one place that can hold such a key.

export type DeviceKey = { readonly id: string; readonly publicKey: string; readonly privateKey: CryptoKey };

export type Keep = {
  deviceKey(): Promise<DeviceKey | undefined>;
  saveDeviceKey(key: DeviceKey): Promise<void>;
  token(): Promise<string | undefined>;
  saveToken(token: string): Promise<void>;
  forgetToken(): Promise<void>;
};

const table = "device";

export async function openKeep(): Promise<Keep> {
  const opening = indexedDB.open("lorica", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(table);
  const database = await finished(opening);
  const read = <T>(name: string): Promise<T | undefined> =>
    finished(database.transaction(table).objectStore(table).get(name) as IDBRequest<T | undefined>);
  const write = async (change: (store: IDBObjectStore) => IDBRequest): Promise<void> => {
    await finished(change(database.transaction(table, "readwrite").objectStore(table)));
  };
  return {
    deviceKey: () => read("key"),
    saveDeviceKey: (key) => write((store) => store.put(key, "key")),
    token: () => read("token"),
    saveToken: (token) => write((store) => store.put(token, "token")),
    forgetToken: () => write((store) => store.delete("token")),
  };
}

function finished<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser's storage failed"));
  });
}
