/** Whether an engine is here that testcontainers can start a container with. */
export async function hasContainerEngine(): Promise<boolean> {
  // Takes a second to load, so only who asks pays.
  const { getContainerRuntimeClient } = await import("testcontainers");
  return await getContainerRuntimeClient().then(
    () => true,
    () => false,
  );
}
