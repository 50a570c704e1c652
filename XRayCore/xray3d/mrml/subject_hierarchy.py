"""Folders of the subject hierarchy."""

from __future__ import annotations

from typing import Any

from slicer import vtkMRMLSubjectHierarchyNode


def file_under(node: Any, folder_name: str) -> None:
    """Put a node into the folder of that name at the top of the subject hierarchy, made when there is none."""
    hierarchy = vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(node.GetScene())
    top = hierarchy.GetSceneItemID()
    folder = hierarchy.GetItemChildWithName(top, folder_name)
    if not folder:
        folder = hierarchy.CreateFolderItem(top, folder_name)
        hierarchy.SetItemExpanded(folder, True)
    # The desktop application makes an item for every node as soon as it is added; slicer-core does not.
    item = hierarchy.GetItemByDataNode(node)
    if item:
        hierarchy.SetItemParent(item, folder)
    else:
        hierarchy.CreateItem(folder, node)


def folder_of(node: Any) -> str | None:
    """Name of the folder that a node is in; None at the top of the hierarchy."""
    hierarchy = vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(node.GetScene())
    item = hierarchy.GetItemByDataNode(node)
    folder = hierarchy.GetItemParent(item) if item else 0
    return hierarchy.GetItemName(folder) if folder and folder != hierarchy.GetSceneItemID() else None
